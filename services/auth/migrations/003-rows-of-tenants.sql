-- A tenant sees itself.
alter table tenants enable row level security;
create policy of_tenant on tenants using (id = current_setting('waybill.tenant', true));
