-- What a relay numbers while its rows are copied would be in neither table.
lock table event_log_head, event_log_numbers, event_log_unnumbered in access exclusive mode;

-- Numbers are given in runs: what one partition got at once is one row. A row an event took as many writes of indexes
-- as the event itself.
create table event_log_runs (
  partition smallint not null,
  first bigint not null,
  -- Of the events in the order of their sequence, the first of which is `first`.
  positions bigint[] not null,
  primary key (partition, first)
);
insert into event_log_runs (partition, first, positions) select partition, sequence, array[position] from event_log_numbers;

drop table event_log_numbers;
-- The same, an event a row: for people and for what is seldom asked.
create view event_log_numbers as
  select r.first + p.nth - 1 as sequence, p.position, r.partition
  from event_log_runs r cross join lateral unnest(r.positions) with ordinality as p(position, nth);

-- The events of one statement wait for their numbers in one row, by the position of the first of them.
alter table event_log_unnumbered rename column position to first;
alter table event_log_unnumbered add column positions bigint[], add column partitions smallint[];
update event_log_unnumbered set positions = array[first], partitions = array[partition];
alter table event_log_unnumbered drop column partition;
alter table event_log_unnumbered alter column positions set not null, alter column partitions set not null;
