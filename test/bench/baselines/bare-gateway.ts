import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Service, ServiceBroker } from "moleculer";
import ApiGateway from "moleculer-web";
import { answer, usage } from "../answering.ts";

/** moleculer-web with one route to one local action that answers what it was given, and nothing else. */
const fixed: object = JSON.parse(readFileSync(process.env.ANSWER as string, "utf8"));
const broker = new ServiceBroker({ logger: false });
broker.createService({ name: "bare", actions: { get: () => fixed } });
const gateway = broker.createService({
  name: "api",
  mixins: [ApiGateway as never],
  settings: { ip: "127.0.0.1", port: 0, routes: [{ path: "/", aliases: { "GET /things/:id": "bare.get" } }] },
}) as Service & { readonly server: Server };
await broker.start();

answer({ url: () => `http://127.0.0.1:${(gateway.server.address() as AddressInfo).port}`, usage }, () => broker.stop());
