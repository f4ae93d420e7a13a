import { configOf } from "../../../platform/config.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { SCOPES } from "../contract.ts";

/** What an OAuth 2 client library wants to know of us. */
export const getMetadata: ActionHandler<"auth.metadata"> = async function (ctx) {
  const { issuer } = configOf(this.broker);
  const root = issuer.replace(/\/$/, "");
  const methods = ["client_secret_basic", "client_secret_post"];
  ctx.meta.$responseHeaders = { "Cache-Control": "public, max-age=300" };
  return {
    issuer,
    token_endpoint: `${root}/api/v1/auth/token`,
    introspection_endpoint: `${root}/api/v1/auth/introspect`,
    revocation_endpoint: `${root}/api/v1/auth/revoke`,
    jwks_uri: `${root}/.well-known/jwks.json`,
    scopes_supported: [...SCOPES],
    // There is no authorisation endpoint, yet RFC 8414 wants the member.
    response_types_supported: [],
    grant_types_supported: ["client_credentials", "refresh_token"],
    token_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_methods_supported: methods,
  };
};
