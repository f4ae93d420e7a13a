-- Whose a trail is its shipment says.
alter table shipment_trail enable row level security;
create policy of_tenant on shipment_trail using (exists (select from shipments s where s.id = shipment_id));
