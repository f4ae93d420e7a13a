import { DataTypes } from "sequelize";
import { administrativeTable } from "../../mixins/administrative-table.ts";
import { database } from "../../mixins/database.ts";
import { health } from "../../mixins/health.ts";
import { sealing } from "../../mixins/sealing.ts";
import { timers } from "../../mixins/timers.ts";
import { cached } from "../../platform/cache/tenant-cache.ts";
import { redisOf } from "../../platform/redis.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { Turns } from "../../platform/turns.ts";
import { addAddress } from "./actions/add-address.ts";
import { allowedOrigins } from "./actions/allowed-origins.ts";
import { changePassword } from "./actions/change-password.ts";
import { createClient } from "./actions/create-client.ts";
import { createTenant } from "./actions/create-tenant.ts";
import { edgeRules } from "./actions/edge-rules.ts";
import { endLogin } from "./actions/end-login.ts";
import { endLogins } from "./actions/end-logins.ts";
import { getAddress } from "./actions/get-address.ts";
import { getClient } from "./actions/get-client.ts";
import { getCustomer } from "./actions/get-customer.ts";
import { getJwks } from "./actions/get-jwks.ts";
import { getLogin } from "./actions/get-login.ts";
import { getMetadata } from "./actions/get-metadata.ts";
import { getProfile } from "./actions/get-profile.ts";
import { getTenant } from "./actions/get-tenant.ts";
import { introspectToken } from "./actions/introspect-token.ts";
import { issueToken } from "./actions/issue-token.ts";
import { listAddresses } from "./actions/list-addresses.ts";
import { listAuditLog } from "./actions/list-audit-log.ts";
import { listClients } from "./actions/list-clients.ts";
import { listContacts } from "./actions/list-contacts.ts";
import { listKeys } from "./actions/list-keys.ts";
import { listLogins } from "./actions/list-logins.ts";
import { listRevocations } from "./actions/list-revocations.ts";
import { listTenants } from "./actions/list-tenants.ts";
import { logIn } from "./actions/log-in.ts";
import { logOut } from "./actions/log-out.ts";
import { recordAct } from "./actions/record-act.ts";
import { recordOutcome } from "./actions/record-outcome.ts";
import { refreshTokens } from "./actions/refresh-tokens.ts";
import { registerCustomer } from "./actions/register-customer.ts";
import { removeAddress } from "./actions/remove-address.ts";
import { revokeToken } from "./actions/revoke-token.ts";
import { rotateKeys } from "./actions/rotate-keys.ts";
import { rotateSecret } from "./actions/rotate-secret.ts";
import { updateAddress } from "./actions/update-address.ts";
import { updateClient } from "./actions/update-client.ts";
import { updateCustomer } from "./actions/update-customer.ts";
import { updateProfile } from "./actions/update-profile.ts";
import { updateTenant } from "./actions/update-tenant.ts";
import { validateToken } from "./actions/validate-token.ts";
import { verifyAuditLog } from "./actions/verify-audit-log.ts";
import { recorder } from "./audit/record.ts";
import type { AuthService } from "./clients/auth-service.ts";
import { GuessLimit, type OnLock } from "./clients/guess-limit.ts";
import { recordLock } from "./clients/record-lock.ts";
import { SharedGuesses } from "./clients/shared-guesses.ts";
import { contract } from "./contract.ts";
import { KeyRing } from "./crypto/key-ring.ts";
import { UsualAddresses } from "./customers/usual-addresses.ts";
import { forgetExpired } from "./timers/forget-expired.ts";
import { keepIdentities, keysInUse, loadIdentities } from "./timers/keep-identities.ts";
import { sealProfiles } from "./timers/seal-profiles.ts";

const clients = {
  name: "clients",
  columns: {
    id: { type: DataTypes.TEXT, primaryKey: true },
    tenant: DataTypes.TEXT,
    secretHash: { type: DataTypes.TEXT, field: "secret_hash" },
    previousSecretHash: { type: DataTypes.TEXT, field: "previous_secret_hash" },
    previousSecretUntil: { type: DataTypes.DATE, field: "previous_secret_until" },
    epoch: DataTypes.UUID,
    scopes: DataTypes.ARRAY(DataTypes.TEXT),
    grants: DataTypes.ARRAY(DataTypes.TEXT),
    active: DataTypes.BOOLEAN,
  },
};

/** So many wrong passwords a minute are let through from one address, whosever they would be. */
const GUESSES_OF_ADDRESS = 100;
/** And so many of one account, from all addresses: from each of five it may be tried twenty times. */
const GUESSES_OF_ACCOUNT = 100;
const HASHED_AT_ONCE = 2;
const WAITING_FOR_HASHING = 1_000;

export default defineSchema<AuthService>({
  name: "auth",
  mixins: [
    timers({
      "signing keys": keepIdentities,
      "what has expired": forgetExpired,
      "profiles that are not sealed": sealProfiles,
    }),
    administrativeTable("auth", clients),
    health("auth"),
    sealing("auth"),
    database("auth"),
  ],
  actions: cached(
    actionsOf<typeof contract, AuthService>(contract, {
      issueToken,
      register: registerCustomer,
      login: logIn,
      refresh: refreshTokens,
      logout: logOut,
      validate: validateToken,
      introspect: introspectToken,
      revoke: revokeToken,
      jwks: getJwks,
      metadata: getMetadata,
      revocations: listRevocations,
      listTenants,
      getTenant,
      createTenant,
      updateTenant,
      listClients,
      getClient,
      createClient,
      updateClient,
      rotateSecret,
      getCustomer,
      updateCustomer,
      endLogins,
      listKeys,
      rotateKeys,
      listAuditLog,
      recordAct,
      recordOutcome,
      verifyAuditLog,
      edgeRules,
      allowedOrigins,
      contacts: listContacts,
      getProfile,
      updateProfile,
      changePassword,
      listLogins,
      getLogin,
      endLogin,
      listAddresses,
      addAddress,
      getAddress,
      updateAddress,
      removeAddress,
    }),
    {
      reads: ["getProfile", "listAddresses", "getAddress"],
      changes: ["updateProfile", "addAddress", "updateAddress", "removeAddress"],
    },
  ),
  created(this: AuthService) {
    const redis = redisOf(this.broker);
    const onLock: OnLock = (ctx, now) => void recordLock(this, ctx, now);
    Object.assign(this, {
      guesses: new GuessLimit(redis && new SharedGuesses(redis), undefined, onLock),
      guessesOfAddress: new GuessLimit(redis && new SharedGuesses(redis), GUESSES_OF_ADDRESS, onLock),
      guessesOfAccount: new GuessLimit(redis && new SharedGuesses(redis), GUESSES_OF_ACCOUNT, onLock),
      usualAddresses: new UsualAddresses(redis),
      hashing: new Turns(HASHED_AT_ONCE, WAITING_FOR_HASHING),
      keys: new KeyRing(() => keysInUse(this)),
      memory: { agedAt: Number.NEGATIVE_INFINITY },
      record: recorder(this),
    } satisfies Partial<AuthService>);
  },
  async started(this: AuthService) {
    await loadIdentities(this);
  },
});
