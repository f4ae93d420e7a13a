-- Orders that stand before a step of the process; few at any moment, as the process moves them on.
create index orders_standing on orders (updated_at) where ((state ? 'cancelling' and status <> 'CANCELLED')
  or (status in ('SHIPPED', 'DELIVERED', 'RETURNED') and state -> 'payment' ->> 'status' = 'AUTHORISED'
    and not state -> 'skipped' ? 'capture'));
