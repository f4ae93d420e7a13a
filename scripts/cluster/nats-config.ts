import { channelUser, servicesOf } from "../../platform/bus/accounts.ts";
import { SERVICES } from "../../platform/config.ts";
import { LOGS } from "./bus-grants.ts";
import { callPermissions, channelPermissions, type Permissions } from "./bus-permissions.ts";

/**
 * The accounts on the bus: one for the nodes of each service; `edge` for nodes that hold what placing an order needs;
 * `operator` for the operators' prompt.
 */
export const BUS_USERS = [...SERVICES, "edge", "operator"] as const;
export type BusUser = (typeof BUS_USERS)[number];

/** A value, or the name of the environment variable that NATS reads it from. Such a one must begin with a letter. */
export type Secret = string | { readonly env: string };

export interface NatsServerOptions {
  readonly host: string;
  readonly port: number;
  /** Where JetStream keeps its files. */
  readonly storeDir: string;
  /** A password for each account. Beside `BUS_USERS` there may be accounts for several services: `orders-inventory`. */
  readonly passwords: Readonly<Record<BusUser, Secret>> & Readonly<Record<string, Secret>>;
  /** From NATS 2.11 on: what is acknowledged is on the disk. Older servers refuse the setting. */
  readonly syncAlways?: boolean;
  /** Its own name among several; needed with `cluster`. */
  readonly serverName?: Secret;
  /** The other servers that it is one of. */
  readonly cluster?: {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    /** `nats://user:password@host:port` of all of them: NATS gives a listed server no other credentials than those. */
    readonly routes: readonly Secret[];
    /** What they must know to be let in. */
    readonly user: string;
    readonly password: Secret;
  };
  /** Files with which it proves who it is, and talks to nobody in clear. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Answers probes over HTTP, to those alone who reach this host. Its other pages tell who is connected to what. */
  readonly monitor?: { readonly host: string; readonly port: number };
}

/**
 * The configuration of a nats-server in which every service has an account of its own. The calls are one account of
 * NATS, without JetStream; every durable channel is one, with the users of its owner and its readers. No account sees
 * another, and NATS's system account has no user.
 */
export function natsServerConfig(options: NatsServerOptions): string {
  const { host, port, storeDir, passwords, syncAlways = false, serverName, cluster, tls, monitor } = options;
  const accounts = Object.keys(passwords);
  const runnable: readonly string[] = SERVICES;
  const unknown = accounts.find((account) => servicesOf(account).some((service) => !runnable.includes(service)));
  if (unknown !== undefined) throw new Error(`${unknown} is no account: it is not made of the names of services`);
  const user = (name: string, account: string, permissions: Permissions) =>
    userLine(name, passwords[account] as Secret, permissions);
  const calls = accounts.map((account) => user(account, account, callPermissions(account, accounts)));
  const channels = LOGS.map((channel) => {
    const users = accounts.flatMap((account) => {
      const permissions = channelPermissions(account, channel);
      return permissions ? [user(channelUser(account, channel), account, permissions)] : [];
    });
    return accountBlock(`channel_${channel}`, "    jetstream: enabled\n", users);
  });
  return [
    // A client that is cut off is forgotten within half a minute; NATS's own four would keep what is asked of it waiting.
    `host: ${host}\nport: ${port}\nmax_payload: 8MB\nping_interval: "10s"\nping_max: 2\n`,
    serverName === undefined ? "" : `server_name: ${shown(serverName)}\n`,
    tls === undefined ? "" : `tls { cert_file: ${JSON.stringify(tls.cert)}, key_file: ${JSON.stringify(tls.key)} }\n`,
    monitor === undefined ? "" : `http: "${monitor.host}:${monitor.port}"\n`,
    cluster === undefined ? "" : clusterBlock(cluster),
    `jetstream {\n  store_dir: ${JSON.stringify(storeDir)}\n${syncAlways ? "  sync_interval: always\n" : ""}}\n`,
    `accounts {\n${accountBlock("calls", "", calls)}${channels.join("")}}\n`,
  ].join("");
}

function accountBlock(name: string, settings: string, users: readonly string[]): string {
  return `  ${name} {\n${settings}    users: [\n${users.join("\n")}\n    ]\n  }\n`;
}

function userLine(name: string, password: Secret, { publish, subscribe }: Permissions): string {
  const list = (subjects: readonly string[]) => `[${subjects.map((subject) => JSON.stringify(subject)).join(", ")}]`;
  const permissions = `{ publish: { allow: ${list(publish)} }, subscribe: { allow: ${list(subscribe)} } }`;
  return `      { user: ${JSON.stringify(name)}, password: ${shown(password)}, permissions: ${permissions} }`;
}

function clusterBlock(cluster: NonNullable<NatsServerOptions["cluster"]>): string {
  const { name, host, port, routes, user, password } = cluster;
  return `cluster {
  name: ${JSON.stringify(name)}
  listen: "${host}:${port}"
  authorization { user: ${JSON.stringify(user)}, password: ${shown(password)} }
  routes: [${routes.map(shown).join(", ")}]
}
`;
}

function shown(secret: Secret): string {
  return typeof secret === "string" ? JSON.stringify(secret) : `$${secret.env}`;
}
