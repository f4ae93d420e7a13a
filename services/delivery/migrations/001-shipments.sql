create table shipments (
  id uuid primary key,
  tenant text not null,
  order_id uuid not null,
  customer_id text,
  status text not null check (status in ('PROCESSING', 'SHIPPED', 'DELIVERED', 'FAILED', 'RETURNED', 'CANCELLED')),
  carrier text,
  tracking_number text,
  lines jsonb not null,
  -- Counts its moves and, with them, its events.
  version int not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  -- One shipment an order in v1.
  unique (tenant, order_id)
);
create index shipments_newest on shipments (tenant, id desc);

-- Append-only: what happened to a shipment, in order.
create table shipment_trail (
  position bigint generated always as identity primary key,
  shipment_id uuid not null references shipments,
  status text not null,
  detail text,
  location text,
  actor text not null,
  at timestamptz not null
);
create index shipment_trail_of on shipment_trail (shipment_id, position);

-- Orders that were cancelled before their shipment was made: it is made CANCELLED. Written and read under the
-- order's advisory lock (`holdOrders`), because neither side sees what the other has not committed.
create table cancel_tombstones (
  tenant text not null,
  order_id uuid not null,
  code text not null,
  by text not null,
  message text,
  at timestamptz not null,
  primary key (tenant, order_id)
);
