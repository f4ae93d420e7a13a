-- A message is found by its event, and one that waits by the index below. Nobody looks for one by its id, or for those of
-- an order.
drop index messages_of_order;
drop index messages_pending;
alter table messages drop constraint messages_pkey;
alter table messages drop constraint messages_event_id_medium_key;
alter table messages add primary key (event_id, medium);
create index messages_pending on messages (event_id) where state = 'PENDING';
