-- What the edge lets a client and its tenant do. The members of limits are requests a minute; one that is missing has
-- its default. They are data of their own kind, as what is limited will grow.
alter table clients add column limits jsonb not null default '{}' check (jsonb_typeof(limits) = 'object');
alter table tenants add column limits jsonb not null default '{}' check (jsonb_typeof(limits) = 'object');

-- The origins whose pages may read the answers to the tenant's tokens: scheme, host and port, as browsers send them.
alter table tenants add column cors_origins text[] not null default '{}'
  check (array_position(cors_origins, null) is null and not cors_origins && array['*', 'null', '']);
