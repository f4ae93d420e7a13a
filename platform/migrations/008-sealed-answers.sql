-- The answers of the domains that seal: they hold what is personal.
alter table idempotency_keys add column sealed bytea;
