-- The successes of requests that carried an Idempotency-Key. The response is text: jsonb would change its bytes.
create table idempotency_keys (
  tenant text not null,
  client text not null,
  route text not null,
  key text not null,
  fingerprint text not null,
  response text,
  created_at timestamptz not null,
  primary key (tenant, client, route, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
