import { STATUS_CODES } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type Call, curlOf } from "./curl.ts";
import { type Answer, exchange, unexpected } from "./exchange.ts";
import { Feed, type FeedEvent } from "./feed.ts";
import type { Platform } from "./platform.ts";
import { DemoFailure, flatJson, type Item } from "./story.ts";
import { tellEvent } from "./tell.ts";

/** How long anything but the carrier may take, in ms. */
const PATIENCE_MS = 30_000;

interface Show {
  /** The status that the step expects, or those. */
  readonly status: number | readonly number[];
  /** The interesting part of the body; without it all. `null` shows nothing. */
  readonly show?: ((body: Answer["body"]) => unknown) | null;
  readonly headers?: readonly string[];
}

/** A visit to the platform: sends requests, tells what comes back, and what the live feed brings meanwhile. */
export class Session {
  readonly platform: Platform;
  readonly #report: (item: Item) => void;
  readonly #signal: AbortSignal;
  readonly #variables = new Map<string, string>();
  #token = "";
  #feed: Feed | undefined;
  /** When the order that is followed was sent, and the events that came before its id was known. */
  #sent = 0;
  #early: { event: FeedEvent; at: number }[] = [];
  checks = 0;
  requests = 0;
  events = 0;

  constructor(platform: Platform, report: (item: Item) => void, signal: AbortSignal) {
    this.platform = platform;
    this.#report = report;
    this.#signal = signal;
  }

  tell(item: Item): void {
    this.#report(item);
  }

  /** Shows a step of a chapter. */
  step(title: string, text?: string): void {
    this.tell({ kind: "step", title, ...(text && { text }) });
  }

  /** Holds what came against what should have come. `what` is a sentence that is then true. */
  check(what: string, actual: unknown, expected: unknown = true): void {
    if (!isDeepStrictEqual(actual, expected)) {
      const said = expected === true ? "" : ` It should be ${flatJson(expected)} and is ${flatJson(actual)}.`;
      throw new DemoFailure(`This does not hold: ${what}.${said}`);
    }
    this.checks++;
    this.tell({ kind: "check", text: what });
  }

  set token(token: string) {
    this.#token = token;
  }

  /** Sets a variable that paths may name, and shows the line that does the same in a shell. */
  variable(name: string, value: string): void {
    this.#variables.set(name, value);
    this.tell({ kind: "shell", lines: [`${name}=${value}`] });
  }

  /** Shows a request, sends it, and shows what came back. Throws when the status is another one than expected. */
  async ask(call: Call, { status, show = (body) => body, headers = [] }: Show): Promise<Answer> {
    this.tell({ kind: "shell", lines: curlOf(call) });
    const { method = "GET", path, key, body } = call;
    return this.send(path, status, show, headers, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body && { "content-type": "application/json" }),
        ...(key !== undefined && { "idempotency-key": key }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  /** Sends a request as it is and shows the answer; the curl line was shown by the caller. */
  async send(
    path: string,
    status: Show["status"],
    show: Show["show"],
    headers: readonly string[],
    init: RequestInit,
  ): Promise<Answer> {
    const filled = this.#filled(path);
    const answer = await this.#exchange(filled, init);
    const expected = [status].flat();
    const asExpected = expected.includes(answer.status);
    const shown = asExpected ? show?.(answer.body) : answer.body;
    this.tell({
      kind: "answer",
      ...answer,
      headers: headers.flatMap((name) => (answer.headers.has(name) ? `${name}: ${answer.headers.get(name)}` : [])),
      ...(shown !== undefined && { shown }),
    });
    if (!asExpected) throw unexpected(`${init.method} ${filled}`, expected, answer.status);
    return answer;
  }

  /** Gets something without showing it. */
  async quietly(path: string): Promise<Answer["body"]> {
    const filled = this.#filled(path);
    const { status, body } = await this.#exchange(filled, { headers: { authorization: `Bearer ${this.#token}` } });
    if (status === 200) return body;
    throw unexpected(`GET ${filled}`, [200], status);
  }

  /** Waits a little until something has come to rest; whether it has is for the checks that follow. */
  async settled(path: string, atRest: (body: Answer["body"]) => boolean): Promise<void> {
    const end = Date.now() + 5_000;
    while (!atRest(await this.quietly(path)) && Date.now() < end) await sleep(50);
  }

  /** Opens the live feed; from here on it tells what happens to the order that is followed. */
  async watch(): Promise<void> {
    this.tell({ kind: "shell", lines: ['curl -N "$URL/api/v1/events" -H "Authorization: Bearer $TOKEN"'] });
    const began = performance.now();
    const { feed, response } = await Feed.open(this.platform.url, this.#token, (event) => this.#onEvent(event));
    this.#feed = feed;
    const type = response.headers.get("content-type") ?? "";
    const { status } = response;
    const milliseconds = performance.now() - began;
    this.requests++;
    this.tell({
      kind: "answer",
      status,
      reason: STATUS_CODES[status] ?? "",
      milliseconds,
      headers: [`Content-Type: ${type}`],
    });
    this.check("The feed is open and stays so", status === 200 && type.startsWith("text/event-stream"));
  }

  /** Places an order, whose events are told from then on. `$ORDER` is its id. */
  async place(call: Call, show: Show["show"]): Promise<Answer> {
    this.#variables.delete("ORDER");
    this.#early = [];
    this.#sent = performance.now();
    const answer = await this.ask(call, { status: 201, show: show ?? null, headers: ["Location"] });
    this.variable("ORDER", answer.body.id);
    for (const { event, at } of this.#early) if (event.orderId === answer.body.id) this.#tellEvent(event, at);
    return answer;
  }

  /** Waits until the feed has brought an event of the order that is followed. */
  async until(type: string): Promise<FeedEvent> {
    const order = this.#variables.get("ORDER") ?? "";
    return (this.#feed as Feed).wait(order, type, PATIENCE_MS + this.platform.carrierMs, this.#signal);
  }

  /** What the feed has brought of the order that is followed. */
  get received(): FeedEvent[] {
    return this.#feed?.of(this.#variables.get("ORDER") ?? "") ?? [];
  }

  end(): void {
    this.#feed?.close();
  }

  #exchange(path: string, init: RequestInit): Promise<Answer> {
    this.requests++;
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(PATIENCE_MS)]);
    return exchange(`${this.platform.url}${path}`, { ...init, signal });
  }

  #filled(path: string): string {
    return path.replace(/\$([A-Z]+)/g, (_, name: string) => this.#variables.get(name) ?? "");
  }

  #onEvent(event: FeedEvent): void {
    const at = performance.now();
    const order = this.#variables.get("ORDER");
    // The feed may be faster than the answer to the request that placed the order.
    if (order === undefined) this.#early.push({ event, at });
    else if (event.orderId === order) this.#tellEvent(event, at);
  }

  #tellEvent(event: FeedEvent, at: number): void {
    const seconds = (at - this.#sent) / 1_000;
    this.events++;
    this.tell({ kind: "event", seconds, type: event.type, version: event.version, text: tellEvent(event) });
  }
}
