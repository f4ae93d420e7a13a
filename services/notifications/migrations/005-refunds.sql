-- Customers are told of refunds too. Who has ended all mail about orders has ended that as well.
insert into preferences (tenant, customer, type, medium, enabled)
select tenant, customer, 'ORDER_REFUNDED', 'email', false
from preferences
where medium = 'email' and not enabled
  and type in ('ORDER_PLACED', 'ORDER_CONFIRMED', 'ORDER_SHIPPED', 'ORDER_DELIVERED', 'ORDER_CANCELLED', 'PAYMENT_DECLINED')
group by tenant, customer
having count(*) = 6
on conflict do nothing;
