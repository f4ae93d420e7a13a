-- What is personal of a customer (email, name, telephone, language) is sealed, and the address is looked for by a hash of
-- it that takes the key to make. Rows of before have it in the other columns until auth has sealed them.
alter table customers
  add column sealed bytea,
  add column email_index bytea,
  add column version int not null default 1,
  add column updated_at timestamptz,
  alter column email drop not null,
  add check (case when sealed is null then email is not null and email_index is null
    else email is null and name is null and email_index is not null end);
create unique index customers_by_email on customers (tenant, email_index);
create index customers_plain on customers (id) where sealed is null;

create table addresses (
  id uuid primary key,
  tenant text not null,
  customer uuid not null references customers,
  -- All that was written on it.
  sealed bytea not null,
  default_shipping boolean not null,
  default_billing boolean not null,
  version int not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index addresses_of_customer on addresses (tenant, customer, id desc);
-- The last line of defence; the code takes the mark from one before it gives it to another.
create unique index addresses_default_shipping on addresses (tenant, customer) where default_shipping;
create unique index addresses_default_billing on addresses (tenant, customer) where default_billing;
