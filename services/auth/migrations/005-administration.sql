-- Tenants and clients are managed: each change is a version, and a secret that is rotated stays good for a while.
alter table tenants add column version int not null default 1, add column updated_at timestamptz;
create index tenants_listed on tenants (created_at, id);

alter table clients
  add column version int not null default 1,
  add column updated_at timestamptz,
  -- All tokens of the client bear it and are ended by it together; then the client gets another.
  add column epoch uuid not null default gen_random_uuid(),
  add column previous_secret_hash text,
  add column previous_secret_until timestamptz,
  add check ((previous_secret_hash is null) = (previous_secret_until is null));
create index clients_listed on clients (created_at, id);
create index clients_of_tenant_listed on clients (tenant, created_at, id);
drop index clients_by_tenant;
