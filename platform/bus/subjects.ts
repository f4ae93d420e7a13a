import { accountOf, servicesOf } from "./accounts.ts";

/** Packets that are for one node, and packets that are for all. Some are sent both ways. */
export const TARGETED = ["REQ", "RES", "EVENT", "INFO", "DISCOVER", "PING", "PONG"] as const;
export const BROADCAST = ["INFO", "DISCOVER", "DISCONNECT", "HEARTBEAT", "PING"] as const;

/** What Moleculer sends, as far as the bus looks at it. */
export interface BusPacket {
  readonly type: string;
  /** The node that it is for; all when there is none. */
  readonly target?: string | null;
  readonly payload: object;
}

/** What a packet says of itself. It is the sender's own word. */
interface Claims {
  readonly sender?: unknown;
  readonly action?: unknown;
  readonly event?: unknown;
  readonly services?: unknown;
}

/**
 * Where a packet goes. Moleculer's own subjects name the receiver alone, so that whoever may call could call
 * everything, in anybody's name. These name the account that sends as well, and the action or the event, and NATS
 * grants them one by one:
 * `MOL-waybill.REQ.<account>.<name>.<sending account>.<action>`, `MOL-waybill.RES.<account>.<name>.<sending account>`,
 * `MOL-waybill.INFO.<sending account>`.
 */
export function subjectOf(prefix: string, { type, target, payload }: BusPacket, from: string): string {
  const { action, event } = payload as Claims;
  const what = type === "REQ" ? `.${String(action)}` : type === "EVENT" ? `.${String(event)}` : "";
  return `${prefix}.${type}${target ? `.${target}` : ""}.${from}${what}`;
}

/** What a node listens to for a type of packet: what is for it, or for all. */
export function listenTo(prefix: string, type: string, nodeId?: string): string {
  const named = type === "REQ" || type === "EVENT";
  return `${prefix}.${type}${nodeId === undefined ? "" : `.${nodeId}`}.${named ? ">" : "*"}`;
}

/**
 * What is not true of a packet, by the subject that NATS let it be sent to; undefined when all is.
 *
 * @param named whether NATS knows its accounts, and so their services
 */
export function untruthOf({ type, payload }: BusPacket, subject: string, named: boolean): string | undefined {
  const { sender, action, event, services } = payload as Claims;
  const tokens = subject.split(".");
  const from = (tokens.length === 3 ? tokens[2] : tokens[4]) as string;
  if (typeof sender !== "string" || accountOf(sender) !== from) return "it comes from another account than it says";
  if (tokens.length > 5 && tokens.slice(5).join(".") !== (type === "REQ" ? action : event))
    return "it asks for something else than it was sent as";
  if (type === "INFO" && named && !runsOnly(servicesOf(from), services))
    return "it claims services that its account does not run";
  return undefined;
}

interface Announced {
  readonly name?: unknown;
  readonly fullName?: unknown;
  readonly actions?: Readonly<Record<string, { readonly name?: unknown }>>;
}

function runsOnly(own: readonly string[], services: unknown): boolean {
  if (!Array.isArray(services)) return false;
  return services.every(({ name, fullName = name, actions = {} }: Announced) => {
    if (typeof name !== "string" || fullName !== name || !own.includes(name)) return false;
    return Object.entries(actions).every(([key, action]) => key === action.name && key.startsWith(`${name}.`));
  });
}
