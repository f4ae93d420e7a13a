-- When a delivery is tried again follows how long it has failed, and not how often it was tried.
alter table deliveries add column failing_since timestamptz;
update deliveries set failing_since = queued_at where state = 'PENDING' and tries > 0;
alter table deliveries drop column tries, drop column queued_at;

-- When it was last enabled or disabled: the time that it was left alone is not one in which its deliveries have failed.
alter table endpoints add column enabled_at timestamptz;
