-- The log of a domain's events; it is the outbox as well. Rows are never changed.
create table event_log (
  position bigint generated always as identity primary key,
  id uuid not null,
  stream uuid not null,
  version int not null,
  type text not null,
  tenant text not null,
  data jsonb not null,
  meta jsonb not null,
  at timestamptz not null,
  partition smallint not null,
  unique (stream, version)
);

-- What is committed and has no sequence yet. The relay empties it; narrow, so that numbering never rewrites an event.
create table event_log_unnumbered (
  position bigint primary key,
  partition smallint not null
);

-- The log's own gapless numbering.
create table event_log_numbers (
  sequence bigint primary key,
  position bigint not null,
  partition smallint not null
);
create unique index event_log_numbers_by_partition on event_log_numbers (partition, sequence) include (position);

-- One row: the last sequence given, and the relay that may give the next one.
create table event_log_head (
  singleton boolean primary key default true check (singleton),
  sequence bigint not null default 0,
  epoch bigint not null default 0,
  owner text,
  lease_until timestamptz not null default '-infinity'
);
insert into event_log_head default values;
