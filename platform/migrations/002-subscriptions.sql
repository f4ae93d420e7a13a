-- How far a subscription has come in each partition of its channel.
create table subscription_cursors (
  subscription text not null,
  partition smallint not null,
  sequence bigint not null,
  primary key (subscription, partition)
);

-- A stream whose next event has failed. Its later events queue behind it.
create table parked_streams (
  id uuid primary key,
  subscription text not null,
  stream uuid not null,
  tenant text not null,
  state text not null check (state in ('retrying', 'dead')),
  attempts int not null,
  error text not null,
  due_at timestamptz not null,
  parked_at timestamptz not null,
  unique (subscription, stream)
);
create index parked_streams_due on parked_streams (due_at) where state = 'retrying';

create table parked_events (
  parked uuid not null references parked_streams on delete cascade,
  sequence bigint not null,
  event jsonb not null,
  primary key (parked, sequence)
);
