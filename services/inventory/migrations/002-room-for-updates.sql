-- A hold is written again when it ends, and stock all the time: pages keep room for that, so that no index is written.
alter table reservations set (fillfactor = 50);
alter table stock set (fillfactor = 50);
