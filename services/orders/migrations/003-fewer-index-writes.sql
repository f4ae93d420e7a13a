-- An update that changes no indexed column, in a page with room, writes no index. `orders_standing` was over columns
-- that every change writes; the time at which somebody has to look at an order says it now.
drop index orders_standing;
alter table orders set (fillfactor = 60);
update orders set deadline_at = updated_at + interval '2 minutes'
where (state ? 'cancelling' and status <> 'CANCELLED')
  or (status in ('SHIPPED', 'DELIVERED', 'RETURNED') and state -> 'payment' ->> 'status' = 'AUTHORISED'
    and not state -> 'skipped' ? 'capture');
