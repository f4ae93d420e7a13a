-- Where tenants want to be told of what happens to their orders.
create table endpoints (
  id uuid primary key,
  tenant text not null,
  -- Its URL, description and secrets, under a key of the domain's: in a URL there may be a secret as well.
  sealed bytea not null,
  -- The types of events that it wants; none: all.
  types text[] not null,
  -- The events behind this sequence of the orders' log are for it: what had happened before it was there is not.
  from_sequence bigint not null,
  enabled boolean not null default true,
  disabled_reason text check (disabled_reason in ('OPERATOR', 'GONE', 'FAILING')),
  disabled_at timestamptz,
  -- How many calls have failed since the last one that has not, and since when.
  failures int not null default 0,
  failing_since timestamptz,
  -- One that fails again and again is asked by one call at a time, and not before this.
  probe_at timestamptz,
  -- When it has answered again after that: what failed before is due.
  recovered_at timestamptz,
  -- The version of the last event of its stream.
  stream_version int not null default 0,
  -- Its deliveries are removed a set at a time, and then itself.
  removed boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index endpoints_of_tenant on endpoints (tenant, id desc) where not removed;
create index endpoints_removed on endpoints (id) where removed;

-- What is sent, once an event, as it is signed.
create table payloads (
  event_id uuid primary key,
  tenant text not null,
  body text not null,
  recorded_at timestamptz not null
);
create index payloads_recorded on payloads (recorded_at);

-- An event for an endpoint. Ids are of version 7, in the order of their making: a range of them is a range of time.
create table deliveries (
  endpoint_id uuid not null,
  id uuid not null,
  tenant text not null,
  event_id uuid not null,
  order_id uuid not null,
  -- Of the event in the orders' log.
  sequence bigint not null,
  type text not null,
  -- Of the event among the public ones of its order.
  version int not null,
  state text not null default 'PENDING' check (state in ('PENDING', 'DELIVERED', 'FAILED')),
  -- Not before this, and not before the earlier ones of the order.
  due_at timestamptz not null,
  failed_at timestamptz,
  -- Of all time, and since it was last put in the queue.
  attempts int not null default 0,
  tries int not null default 0,
  queued_at timestamptz not null,
  -- Whose it is now, and until when. If that node dies, another one goes on after that.
  claim uuid,
  claimed_until timestamptz,
  settled_at timestamptz,
  created_at timestamptz not null,
  primary key (endpoint_id, id),
  unique (endpoint_id, event_id)
) with (fillfactor = 70);
create index deliveries_pending on deliveries (endpoint_id, order_id, sequence) where state = 'PENDING';
create index deliveries_failed on deliveries (endpoint_id, id) where state = 'FAILED';

-- Every call that was made, with its answer, which is the tenant's own and sealed.
create table attempts (
  delivery_id uuid not null,
  number int not null,
  tenant text not null,
  at timestamptz not null,
  duration_ms int not null,
  status int,
  error text,
  response bytea,
  primary key (delivery_id, number)
);
