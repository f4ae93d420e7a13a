-- Counts the writes of a payment: who writes says which one it has seen, and is refused when it was not the last.
alter table payments add column revision int not null default 1;
alter table payments alter column revision drop default;

-- The operations that wait for their outcome, from before the provider is asked.
alter table payments add column pending jsonb;
update payments p set pending = o.operations
from (
  select payment_id, jsonb_agg(jsonb_build_object('operationId', operation_id, 'type', type, 'amount', amount) order by id) as operations
  from entries where state = 'PENDING' group by payment_id) o
where o.payment_id = p.id;
delete from entries where state = 'PENDING';

-- The ledger is append-only: an operation once, when its outcome is definite. Only what is DONE has moved money. An
-- entry is written by the statement that writes its payment, which makes a foreign key superfluous.
drop index entries_pending;
alter table entries drop constraint entries_payment_id_fkey;
alter table entries drop constraint entries_pkey;
alter table entries drop constraint entries_operation_id_key;
alter table entries add primary key (operation_id);
alter table entries drop constraint entries_state_check;
alter table entries add check (state in ('DONE', 'REFUSED'));
alter table entries alter column settled_at set not null;
alter table entries drop column created_at;

-- An order's payment is found by the order alone. It is written four times within seconds: pages keep room for that,
-- so that no index is written again.
alter table payments drop constraint payments_pkey;
alter table payments drop constraint payments_tenant_order_id_key;
alter table payments add primary key (tenant, order_id);
alter table payments set (fillfactor = 50);
alter table sandbox_authorisations set (fillfactor = 50);
