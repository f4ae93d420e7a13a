-- What is personal of an order is sealed. Rows of before have it in the other column until a node has sealed them.
alter table order_details
  add column sealed bytea,
  alter column personal drop not null,
  -- Not of the rows that are there: to look at all of them would hold up every order.
  add constraint order_details_once check (num_nonnulls(personal, sealed) = 1) not valid;
create index order_details_plain on order_details (order_id) where sealed is null;
