-- The private half is sealed by ENCRYPTION_KEYS. Rows of before have it in the other column until auth starts the next time.
alter table signing_keys
  add column private_key_sealed bytea,
  alter column private_key drop not null,
  add check (num_nonnulls(private_key, private_key_sealed) = 1);
