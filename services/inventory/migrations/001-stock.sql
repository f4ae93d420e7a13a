-- What is there of a SKU. The checks are the last guard against overselling; the code never runs into them.
create table stock (
  tenant text not null,
  sku text not null,
  -- The stream of its events.
  id uuid not null,
  on_hand int not null check (on_hand <= 1000000000),
  reserved int not null default 0,
  version int not null default 1,
  event_version int not null default 0,
  low_stock_threshold int not null default 5 check (low_stock_threshold >= 0),
  primary key (tenant, sku),
  check (0 <= reserved and reserved <= on_hand)
);

-- Holds on stock. The two kinds have references of their own, so that nobody can take an order's place by reserving
-- directly under its id before the order itself comes. A RELEASED order without lines is a tombstone.
create table reservations (
  tenant text not null,
  reference text not null,
  kind text not null check (kind in ('order', 'direct')),
  status text not null check (status in ('HELD', 'RELEASED', 'COMMITTED')),
  lines jsonb not null,
  expires_at timestamptz,
  created_at timestamptz not null,
  primary key (tenant, reference, kind),
  check (expires_at is null or (kind = 'direct' and status = 'HELD'))
);
-- Only what is HELD expires. The index does not mention the status, so that the end of an order's hold, whose expires_at
-- stays null, touches no index.
create index reservations_due on reservations (expires_at) where expires_at is not null;

-- The audit trail, append-only. A SKU's entries are written under the lock of its stock, so that positions of one SKU
-- commit in their order and a page can go on after any of them.
create table stock_transactions (
  tenant text not null,
  sku text not null,
  position bigint generated always as identity,
  id uuid not null,
  type text not null check (type in ('SET', 'ADJUSTED', 'RESERVED', 'RELEASED', 'COMMITTED')),
  on_hand_change int not null,
  reserved_change int not null,
  reference text,
  reason text,
  actor text not null,
  at timestamptz not null,
  primary key (tenant, sku, position)
);
