-- Nobody looks into an event by SQL: as text it is parsed once less on its way in and once less on its way out.
alter table event_log alter column data type json, alter column meta type json;
