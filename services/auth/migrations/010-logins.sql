-- Logins are listed, and ended by a new password or by an operator.
alter table sessions
  drop constraint sessions_end_reason_check,
  add constraint sessions_end_reason_check check (end_reason in ('LOGOUT', 'REVOKED', 'REUSED', 'PASSWORD', 'OPERATOR'));
create index sessions_of_customer on sessions (tenant, customer, id desc) where ended_at is null;
