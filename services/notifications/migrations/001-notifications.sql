-- Single-use tickets for browsers' EventSource. Only a ticket's hash is kept: who reads the table cannot use one.
create table tickets (
  hash bytea primary key,
  tenant text not null,
  client text not null,
  customer text,
  scopes text[] not null,
  -- The end of the token it was given for, in seconds since 1970, and its id.
  token_expires bigint not null,
  token_id text not null,
  expires_at timestamptz not null
);
create index tickets_expiry on tickets (expires_at);

-- What customers are told of their orders, once an event and medium. No personal data: whom it is for is the order's.
create table messages (
  id uuid primary key,
  tenant text not null,
  order_id uuid not null,
  event_id uuid not null,
  type text not null,
  medium text not null,
  state text not null default 'PENDING' check (state in ('PENDING', 'SENT')),
  -- Until then one node is at work on it. If it dies, another one goes on after that.
  claimed_until timestamptz,
  created_at timestamptz not null,
  unique (event_id, medium)
);
create index messages_pending on messages (id) where state = 'PENDING';
create index messages_of_order on messages (tenant, order_id);

-- What the sandbox medium was given.
create table sandbox_messages (
  id uuid primary key,
  tenant text not null,
  order_id uuid not null,
  type text not null,
  received_at timestamptz not null
);
