-- The events of refunds that the orders do not have in their streams yet. Others than refunds never come here: an order
-- that nobody refunds has no row, and no statement, of it.
create table untold_refunds (
  -- The payment, and the event's place in its stream.
  stream uuid not null,
  version int not null,
  id uuid not null,
  tenant text not null,
  data json not null,
  meta json not null,
  attempts int not null default 0,
  due_at timestamptz not null,
  primary key (stream, version)
);
create index untold_refunds_due on untold_refunds (due_at);
