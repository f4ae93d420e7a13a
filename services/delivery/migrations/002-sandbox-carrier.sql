-- What the sandbox carrier has in hand, and what it will report of it next.
create table sandbox_parcels (
  shipment_id uuid primary key,
  report text not null check (report in ('SHIPPED', 'DELIVERED')),
  due_at timestamptz not null
);
create index sandbox_parcels_due on sandbox_parcels (due_at);
