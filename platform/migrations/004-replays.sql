-- A replay sets a cursor back. The generation counts how often: whoever knows the cursor from before is refused, even
-- when it has come to the same sequence again. Up to `replayed_until` only the events of the tenants in `replayed_for`
-- are dealt with again, or those of all when `*` is among them.
alter table subscription_cursors
  add column generation int not null default 0,
  add column replayed_until bigint not null default 0,
  add column replayed_for text[] not null default '{}';
