-- When what has expired was forgotten last: whichever node takes this row to another time does it.
create table clean_up (
  one_row boolean primary key default true check (one_row),
  at timestamptz not null
);
insert into clean_up (at) values ('-infinity');
