-- The current state of each order: a projection of its events, written in the transaction that appends them. What
-- never changes stands in order_details, so that a change of status rewrites a narrow row.
create table orders (
  id uuid primary key,
  tenant text not null,
  number text not null,
  customer_id uuid,
  status text not null,
  -- The version of the last event of the stream; the version that callers see leaves internal events out.
  stream_version int not null,
  state jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  -- When the order is given up; cleared once it is confirmed. A timer that costs no row of its own.
  deadline_at timestamptz,
  unique (tenant, number)
);
create index orders_newest on orders (tenant, id desc);
create index orders_by_status on orders (tenant, status, id desc);
create index orders_by_customer on orders (tenant, customer_id, id desc) where customer_id is not null;
create index orders_deadlines on orders (deadline_at) where deadline_at is not null;

create table order_details (
  order_id uuid primary key,
  tenant text not null,
  -- The data of orders.placed.v1.
  placed jsonb not null,
  -- Names, addresses, the payment token: never in an event, erasable.
  personal jsonb not null
);

-- Handed out in blocks, so that a number costs no round trip.
create sequence order_numbers increment by 100;

-- Order processes in trouble: a step that failed, and when it is tried again.
create table processes (
  order_id uuid primary key,
  tenant text not null,
  number text not null,
  state text not null check (state in ('retrying', 'stuck')),
  step text not null,
  attempts int not null,
  error text not null,
  due_at timestamptz not null,
  since timestamptz not null
);
create index processes_due on processes (due_at);
