-- A message is one medium's, and waits there for its turn: behind those of its order, and after what has failed. It is found
-- by its order, which says what it waits for. `due_at` is when somebody looks at it next: what a node has in hand is due when
-- its time is over.
drop index messages_pending;
alter table messages drop constraint messages_pkey;
alter table messages drop constraint messages_state_check;
update messages set medium = 'email', claimed_until = coalesce(claimed_until, created_at);
alter table messages rename column claimed_until to due_at;
alter table messages
  alter column due_at set not null,
  -- Of those of before it is not known.
  add column version int not null default 0,
  add column attempts smallint not null default 0,
  -- A code: what a provider says in words may name the recipient.
  add column error text,
  add column settled_at timestamptz,
  add check (state in ('PENDING', 'SENT', 'SKIPPED', 'DEAD')),
  add primary key (tenant, order_id, event_id, medium);
create index messages_due on messages (medium, due_at) where state = 'PENDING';
create index messages_dead on messages (id) where state = 'DEAD';

-- What the sandboxes were given: for whom, and what it says, sealed.
drop table sandbox_messages;
create table sandbox_messages (
  id uuid primary key,
  tenant text not null,
  sealed bytea not null,
  received_at timestamptz not null
);

-- What customers want, where they have said so.
create table preferences (
  tenant text not null,
  customer uuid not null,
  type text not null,
  medium text not null,
  enabled boolean not null,
  primary key (tenant, customer, type, medium)
);

-- Addresses of people without an account who want no mail any more: sealed, and found by a keyed hash.
create table suppressions (
  id uuid primary key,
  tenant text not null,
  address_index bytea not null,
  sealed bytea not null,
  created_at timestamptz not null,
  unique (tenant, address_index)
);

-- What a tenant's messages say, where that is not what they say by themselves.
create table templates (
  tenant text not null,
  type text not null,
  medium text not null,
  language text not null,
  subject text,
  text text not null,
  html text,
  updated_at timestamptz not null,
  primary key (tenant, type, medium, language)
);

create table settings (
  tenant text primary key,
  sender_name text,
  sender_address text,
  reply_to text,
  language text,
  updated_at timestamptz not null
);
