-- A shipment moves three times within days: pages keep room for that, so that no index is written again.
alter table shipments set (fillfactor = 40);

-- An entry is written by the statement that writes its shipment, which makes a foreign key superfluous; it is read with
-- its shipment alone.
alter table shipment_trail drop constraint shipment_trail_shipment_id_fkey;
alter table shipment_trail drop constraint shipment_trail_pkey;
drop index shipment_trail_of;
alter table shipment_trail add primary key (shipment_id, position);
