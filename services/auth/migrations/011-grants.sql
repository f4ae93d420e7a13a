-- What a client may ask for tokens with. Those that are there keep what they could do.
alter table clients add column grants text[] not null default '{client_credentials,password}'
  check (array_position(grants, null) is null and grants <@ array['client_credentials', 'password']);
