import { setTimeout as sleep } from "node:timers/promises";
import { Errors, Transporters } from "moleculer";
import type { Msg, NatsConnection } from "nats";
import type { ClusterConfig } from "../config.ts";
import type { Meta } from "../service.ts";
import { accountOf } from "./accounts.ts";
import { connectionOptions } from "./connection.ts";
import { type BusPacket, listenTo, subjectOf, untruthOf } from "./subjects.ts";
import { type Asking, asked, VanishedNodes } from "./vanished-nodes.ts";

/** How long a stop waits for NATS to take the last answers, in ms. */
const FLUSH_MS = 1_000;

/** What Moleculer's NATS transporter has and its types do not tell. */
interface Inside {
  client: NatsConnection | null;
  connected: boolean;
  nodeID: string;
  prefix: string;
  broker: { nodeID: string; registry: { nodes: { disconnected(nodeId: string, isUnexpected: boolean): void } } };
  logger: { warn(fields: object, message: string): void };
  opts: object;
  transit: Asking & {
    removePendingRequestByNodeID(nodeId: string): void;
    sendResponse(nodeId: string, id: string, meta: object, headers: null, data: null, error: Error): Promise<void>;
  };
  onConnected(wasReconnect?: boolean): Promise<void>;
  serialize(packet: BusPacket): Buffer;
  deserialize(type: string, data: Buffer): BusPacket;
  send(subject: string, data: Buffer, meta: object): Promise<void>;
  messageHandler(type: string, packet: BusPacket): Promise<unknown>;
}

/**
 * Moleculer's NATS transporter, which also knows when it has lost NATS. Without that a call would be written into a
 * buffer that NATS never gets, and its caller would wait for the whole timeout instead of hearing at once that the
 * bus is away.
 *
 * It sends every packet by a subject that says whose it is and what it asks for, which NATS grants or refuses; and it
 * takes no packet that says anything else of itself.
 */
export class BusTransporter extends Transporters.NATS {
  readonly #user: string | undefined;
  #vanished: VanishedNodes | undefined;

  constructor(nats: ClusterConfig["nats"]) {
    super(connectionOptions(nats, "moleculer") as never);
    this.#user = nats.user;
  }

  override async connect(): Promise<void> {
    const self = this as unknown as Inside;
    Object.assign(self.opts, { name: `${self.broker.nodeID} calls` });
    await super.connect();
    const { client } = self;
    if (client) void this.#watch(client);
  }

  /** Before anybody can be asked, which is while Moleculer connects. */
  override async makeSubscriptions(topics: object[]): Promise<void> {
    const { client, transit, broker } = this as unknown as Inside;
    this.#vanished?.stop();
    // Its calls in hand are rejected by this, and asked elsewhere. It is known again as soon as it says a word.
    const onVanished = (nodeId: string) => broker.registry.nodes.disconnected(nodeId, true);
    this.#vanished = new VanishedNodes(client as NatsConnection, this.#user, transit, onVanished);
    await (super.makeSubscriptions as (topics: object[]) => Promise<unknown>).call(this, topics);
  }

  /** Sends what is still to be sent, for which Moleculer's own would wait as long as NATS is away. */
  override async disconnect(): Promise<void> {
    this.#vanished?.stop();
    const self = this as unknown as Inside;
    const { client } = self;
    self.client = null;
    if (!client || client.isClosed()) return;
    if (self.connected)
      await Promise.race([client.flush(), sleep(FLUSH_MS, undefined, { ref: false })]).catch(() => {});
    await client.close();
  }

  override async publish(packet: object): Promise<void> {
    const self = this as unknown as Inside;
    const bus = slim(packet as BusPacket);
    const data = self.serialize(bus);
    if (bus.type === "RES" && data.length > (self.client?.info?.max_payload ?? Number.POSITIVE_INFINITY))
      return this.#refuse(bus, data.length);
    await self.send(subjectOf(self.prefix, bus, accountOf(self.nodeID)), data, { packet });
  }

  /** Answers that there is an answer that NATS does not carry. Who asked would wait for it in vain. */
  #refuse({ target, payload }: BusPacket, bytes: number): Promise<void> {
    const { transit, logger } = this as unknown as Inside;
    logger.warn({ target, bytes }, "an answer is larger than NATS carries");
    const error = new Errors.MoleculerError("The answer is larger than the bus carries.", 500, "ANSWER_TOO_LARGE");
    return transit.sendResponse(target as string, (payload as { id: string }).id, {}, null, null, error);
  }

  /** A packet that a node has to answer says where NATS may tell that nobody is there. */
  override async send(subject: string, data: Buffer, meta?: { readonly packet: BusPacket }): Promise<void> {
    const { type, target } = (meta as { packet: BusPacket }).packet;
    const answered = target && (type === "REQ" || type === "PING");
    const reply = answered ? this.#vanished?.replyFor(target) : undefined;
    (this as unknown as Inside).client?.publish(subject, data, reply === undefined ? {} : { reply });
  }

  override async subscribe(type: string, nodeId?: string): Promise<void> {
    const { client, prefix, logger } = this as unknown as Inside;
    client?.subscribe(listenTo(prefix, type, nodeId), {
      callback: (error, message) => {
        if (error) logger.warn({ err: error, type }, "the bus lets this node not listen");
        else this.#take(type, message);
      },
    });
  }

  #take(type: string, { subject, data }: Msg): void {
    const self = this as unknown as Inside;
    let packet: BusPacket;
    let untruth: string | undefined;
    try {
      packet = self.deserialize(type, Buffer.from(data));
      untruth = untruthOf(packet, subject, this.#user !== undefined) ?? this.#own(packet) ?? this.#unasked(packet);
    } catch (error) {
      self.logger.warn({ err: error, subject }, "a packet is not readable");
      return;
    }
    if (untruth === undefined) void self.messageHandler(type, slim(packet));
    else self.logger.warn({ subject, untruth }, "a packet was not taken");
  }

  /** What a node asks itself does not come over the bus: it would be taken for a call of this process, and believed. */
  #own({ type, payload }: BusPacket): string | undefined {
    const isForOne = type === "REQ" || type === "RES" || type === "EVENT";
    const { sender } = payload as { sender?: unknown };
    return isForOne && sender === (this as unknown as Inside).nodeID ? "it says that it comes from here" : undefined;
  }

  /** An answer is taken from the node that was asked, and from no other that has learnt of the request. */
  #unasked({ type, payload }: BusPacket): string | undefined {
    if (type !== "RES") return undefined;
    const { id, sender } = payload as { id?: unknown; sender?: unknown };
    const known = (this as unknown as Inside).transit.pendingRequests.get(id)?.nodeID;
    return known === undefined || known === sender ? undefined : "it answers what somebody else was asked";
  }

  async #watch(client: NatsConnection): Promise<void> {
    const self = this as unknown as Inside;
    for await (const { type, data } of client.status()) {
      if (self.client !== client) return;
      if (type === "disconnect") {
        self.connected = false;
        // No answer to them will come: what is sent to a node while it has lost the bus is not kept for it.
        for (const nodeId of asked(self.transit)) self.transit.removePendingRequestByNodeID(nodeId);
      }
      if (type === "error") self.logger.warn({ detail: String(data) }, "NATS has refused something");
      // Tells the others that this node is there, and asks who is: they may have taken it for dead.
      // Not waited for: the next loss must not be noticed half a second late.
      if (type === "reconnect") void self.onConnected(true).catch(() => {});
    }
  }
}

/**
 * A packet with no more of its meta than is meant to travel. Who asks is told by the token, where there is one. Back goes
 * what is for the caller (`$body`, `$replayed`, ...): who asks, and by which token, is nobody's to tell it.
 */
function slim(packet: BusPacket): BusPacket {
  const { meta } = packet.payload as { meta?: Meta };
  if (!meta) return packet;
  if (packet.type === "REQ" && meta.token !== undefined) {
    const { identity: _, ...others } = meta;
    return { ...packet, payload: { ...packet.payload, meta: others } };
  }
  if (packet.type !== "RES") return packet;
  const back = Object.fromEntries(Object.entries(meta).filter(([name]) => name.startsWith("$")));
  return { ...packet, payload: { ...packet.payload, meta: back } };
}
