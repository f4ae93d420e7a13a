-- Who did what to what, each row bound to the one before it by its hash (services/auth/audit/audit-entry.ts says how).
create table audit_log (
  -- Without a gap: a row that is missing shows.
  sequence bigint primary key,
  id uuid not null unique,
  -- Of a row that says how an act has ended: the act.
  act uuid unique references audit_log (id),
  tenant text not null,
  at timestamptz not null,
  client text not null,
  customer text,
  action text not null,
  object text,
  -- JSON, as text: what is hashed must come back byte for byte.
  params text not null,
  address text,
  request_id text,
  -- The code of how it ended.
  outcome text,
  previous_hash bytea not null,
  hash bytea not null
);
comment on table audit_log is 'append-only';
create index audit_log_by_tenant on audit_log (tenant, sequence) where act is null;
create index audit_log_acts on audit_log (sequence) where act is null;
