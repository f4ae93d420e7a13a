-- One payment an order in v1, under an id of its own. A void that finds no payment leaves a row of status NONE with
-- void_requested: the authorisation that comes after it is refused.
create table payments (
  id uuid primary key,
  tenant text not null,
  order_id uuid not null,
  status text not null default 'NONE',
  amount bigint not null default 0 check (amount >= 0),
  currency text not null default '',
  authorised bigint not null default 0,
  captured bigint not null default 0,
  refunded bigint not null default 0,
  decline_code text,
  authorised_until timestamptz,
  void_requested boolean not null default false,
  -- The provider's name for the buyer's card. It is here only until the authorisation is definite.
  token text,
  version int not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (tenant, order_id),
  -- The last line of defence; the code decides before it comes to this.
  check (0 <= refunded and refunded <= captured and captured <= authorised and authorised <= amount)
);

-- The ledger: every operation once, from before the provider is asked. Only what is DONE has moved money.
create table entries (
  id uuid primary key,
  payment_id uuid not null references payments,
  tenant text not null,
  operation_id text not null unique,
  type text not null check (type in ('AUTHORISE', 'CAPTURE', 'VOID', 'REFUND')),
  amount bigint not null check (amount >= 0),
  state text not null check (state in ('PENDING', 'DONE', 'REFUSED')),
  code text,
  created_at timestamptz not null,
  settled_at timestamptz
);
create index entries_of_payment on entries (payment_id);
create index entries_pending on entries (created_at) where state = 'PENDING';
