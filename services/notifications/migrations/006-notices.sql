-- Whom a tenant's own notices go to: an address, sealed.
alter table settings add column contact bytea;

-- What tenants themselves are to be told, once an event: that an endpoint of theirs is not called any more.
create table notices (
  -- The event's.
  id uuid primary key,
  tenant text not null,
  endpoint_id uuid not null,
  reason text not null check (reason in ('GONE', 'FAILING')),
  failing_since timestamptz,
  state text not null default 'PENDING' check (state in ('PENDING', 'SENT', 'SKIPPED', 'DEAD')),
  -- When somebody looks at it next: what a node has in hand is due when its time is over.
  due_at timestamptz not null,
  attempts smallint not null default 0,
  -- A code: what a server says in words may name the recipient.
  error text,
  created_at timestamptz not null,
  settled_at timestamptz
);
create index notices_due on notices (due_at) where state = 'PENDING';
