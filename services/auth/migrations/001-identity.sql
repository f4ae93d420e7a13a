create table tenants (
  id text primary key,
  name text not null,
  active boolean not null default true,
  created_at timestamptz not null
);

create table clients (
  id text primary key,
  tenant text not null references tenants,
  name text not null,
  -- scrypt with its parameters and salt; the secret itself is nowhere.
  secret_hash text not null,
  scopes text[] not null,
  active boolean not null default true,
  created_at timestamptz not null
);
create index clients_by_tenant on clients (tenant);

-- The newest key that is not retired signs. A retired one still verifies what it signed, until that has expired.
create table signing_keys (
  kid text primary key,
  private_key text not null,
  public_key text not null,
  created_at timestamptz not null,
  retired_at timestamptz
);

-- Access tokens that were ended before their time; a row is of use until then.
create table revoked_tokens (
  jti uuid primary key,
  tenant text not null,
  expires_at timestamptz not null,
  revoked_at timestamptz not null
);
create index revoked_tokens_by_time on revoked_tokens (revoked_at);
