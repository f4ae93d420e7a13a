-- The people who buy, as far as they have a password here.
create table customers (
  id uuid primary key,
  tenant text not null references tenants,
  -- In lower case: two spellings of one address are one person.
  email text not null,
  name text,
  -- argon2id with its parameters and salt; the password itself is nowhere.
  password_hash text not null,
  active boolean not null default true,
  created_at timestamptz not null,
  unique (tenant, email)
);

-- One login and the tokens that follow from it, the family of RFC 9700, 4.14.2. The id is what its access tokens are
-- revoked by, so it is no secret; the family is, as only a holder of its refresh tokens knows it.
create table sessions (
  id uuid primary key,
  family uuid not null unique,
  tenant text not null,
  client text not null references clients,
  customer uuid not null references customers,
  scopes text[] not null,
  -- SHA-256 of the refresh token that is good now and of the one before, and what the one was made of from the other.
  current_hash bytea not null,
  previous_hash bytea,
  nonce bytea,
  refreshed_at timestamptz not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('LOGOUT', 'REVOKED', 'REUSED')),
  check ((ended_at is null) = (end_reason is null))
);
create index sessions_ended on sessions (coalesce(ended_at, expires_at));
