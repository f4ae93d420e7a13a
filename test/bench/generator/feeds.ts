import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answer, usage } from "../answering.ts";
import { FeedReader } from "./feed-reader.ts";
import { requestBytes } from "./requests.ts";
import { Samples } from "./samples.ts";

/** Readers of the live feed of all orders, many in one process that does nothing else. */
interface Opening {
  readonly target: { readonly url: string; readonly token: string };
  readonly count: number;
  /** Of every so many one looks at when its events were made; the others count them. */
  readonly timedEvery: number;
}

const CONNECTIONS_AT_ONCE = 50;
const PATIENCE_MS = 15_000;
const samples = new Samples();
const counts: number[] = [];
let [received, since, lost] = [0, performance.now(), 0];

async function open({ target, count, timedEvery }: Opening): Promise<void> {
  const bytes = requestBytes(target, ["GET", "/api/v1/events"], { Accept: "text/event-stream" });
  for (let first = 0; first < count; first += CONNECTIONS_AT_ONCE) {
    const nths = Array.from({ length: Math.min(CONNECTIONS_AT_ONCE, count - first) }, (_, i) => first + i);
    await Promise.all(nths.map((nth) => openOne(target.url, bytes, nth, nth % timedEvery === 0)));
  }
}

function openOne(url: string, bytes: Buffer, nth: number, isTimed: boolean): Promise<void> {
  const { hostname, port } = new URL(url);
  const reader = new FeedReader();
  counts[nth] = 0;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => socket.write(bytes));
    socket.on("data", (chunk) => {
      const { status, events, times } = reader.push(chunk, isTimed);
      if (status !== undefined && status !== 200) reject(new Error(`a feed was answered ${status}`));
      if (status !== undefined) resolve();
      counts[nth] = (counts[nth] as number) + events;
      received += events;
      for (const at of times) samples.add("event", 200, Date.now() - at);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      lost += 1;
    });
  });
}

/** Waits until every feed has got so many events; answers how many have not, or have more, and how many were cut. */
async function complete(events: number): Promise<{ wrong: number; lost: number }> {
  const wrong = () => counts.filter((count) => count !== events).length;
  for (const end = Date.now() + PATIENCE_MS; wrong() > 0 && Date.now() < end; ) await sleep(50);
  return { wrong: wrong(), lost };
}

answer({
  open,
  begin: () => {
    [received, since] = [0, performance.now()];
    samples.begin();
  },
  end: () => {
    const { p50, p99 } = samples.end();
    return { count: received, seconds: (performance.now() - since) / 1_000, p50, p99 };
  },
  complete,
  usage,
});
