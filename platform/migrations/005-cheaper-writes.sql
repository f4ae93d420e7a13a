-- Nobody looks into an event by SQL: as text it is parsed once less on its way in and once less on its way out.
alter table event_log alter column data type json, alter column meta type json;

-- Keys are forgotten in the order of their making, which is that of their rows: a summary of the pages finds them, and
-- costs no entry a key.
drop index idempotency_keys_age;
create index idempotency_keys_age on idempotency_keys using brin (created_at);
