-- The sandbox provider's own books: what a bank would know. The domain never reads them.
create table sandbox_authorisations (
  operation_id text primary key,
  amount bigint not null,
  currency text not null,
  status text not null check (status in ('AUTHORISED', 'DECLINED', 'REQUIRES_ACTION', 'VOIDED')),
  code text,
  authorised_until timestamptz,
  captured bigint not null default 0,
  refunded bigint not null default 0,
  captures_fail boolean not null default false,
  -- How often asking for it still fails before the bank takes it.
  failures_left int not null default 0,
  -- Until then the bank has it and says nothing.
  known_from timestamptz not null
);

create table sandbox_movements (
  operation_id text primary key,
  authorisation text not null,
  type text not null check (type in ('CAPTURE', 'REFUND')),
  amount bigint not null,
  status text not null check (status in ('DONE', 'REFUSED')),
  code text,
  at timestamptz not null
);
