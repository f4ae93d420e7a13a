-- Tables with a tenant get their policies from whoever runs the migrations. Here it is the stream that has it.
alter table parked_events enable row level security;
create policy of_tenant on parked_events using (exists (select from parked_streams p where p.id = parked));
