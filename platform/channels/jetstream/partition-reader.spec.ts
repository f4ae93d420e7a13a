import { setTimeout as sleep } from "node:timers/promises";
import type { Msg } from "nats";
import { PartitionReader } from "./partition-reader.ts";
import type { JetStreamSession } from "./session.ts";

describe("a partition's reader", () => {
  let reader: PartitionReader;
  let handled: string[];
  let pulls: number;
  let receive: (message: Partial<Msg>) => void;
  let drained: () => void;
  /** Resolves when it asks for a message the next time. */
  let asked: () => Promise<void>;
  /** What became of the consumer, and when it was made. */
  let consumer: { log: string[]; created: string };

  beforeEach(async () => {
    handled = [];
    pulls = 0;
    consumer = { log: [], created: "first" };
    let onPull = () => {};
    asked = () =>
      new Promise((resolve) => {
        onPull = resolve;
      });
    const subscription = {
      isClosed: () => false,
      getSubject: () => "_INBOX.test",
      drain: () =>
        new Promise<void>((resolve) => {
          drained = resolve;
        }),
    };
    const connection = {
      publish() {
        pulls++;
        onPull();
      },
      subscribe(_subject: string, { callback }: { callback: (error: null, message: Partial<Msg>) => void }) {
        receive = (message) => callback(null, message);
        return subscription;
      },
    };
    const add = async (_stream: string, { durable_name }: { durable_name: string }) => {
      consumer.log.push(`add ${durable_name}`);
      return { created: consumer.created };
    };
    const remove = async (stream: string, name: string) => {
      consumer.log.push(`delete ${stream} ${name}`);
      consumer.created = "anew";
      return true;
    };
    const session = {
      open: async () => ({ connection, manager: { consumers: { add, delete: remove } } }),
      newInbox: () => "_INBOX.test",
      onReconnect: () => () => {},
    };
    reader = new PartitionReader({
      channel: "orders",
      group: "delivery",
      partition: 0,
      session: session as unknown as JetStreamSession,
      ackWaitMs: 60_000,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      handle: async (data) => {
        handled.push(Buffer.from(data).toString());
      },
    });
    const first = asked();
    reader.start();
    await first;
  });

  function message(text: string): { message: Partial<Msg>; said: string[] } {
    const said: string[] = [];
    const respond = (answer?: unknown) => said.push(String(answer)) > 0;
    const reply = "$JS.ACK.waybill_orders.delivery_0.1.1.1.1.0";
    return { message: { data: Buffer.from(text), reply, respond }, said };
  }
  /** JetStream ends the pull that is under way. */
  const refuse = () => receive({ headers: { code: 409, description: "Consumer Deleted" } as never });
  async function stop(): Promise<void> {
    const stopping = reader.stop();
    drained();
    await stopping;
  }

  test("deals with a message, acknowledges it and asks for the next one", async () => {
    const { message: one, said } = message("one");
    const next = asked();
    receive(one);
    await next;
    expect([handled, said, pulls]).toEqual([["one"], ["+ACK"], 2]);
    await stop();
  });

  test("deals with a message that comes when its pull was given up", async () => {
    const { message: one, said } = message("one");
    refuse();
    receive(one);
    await asked();
    expect([handled, said]).toEqual([["one"], ["+ACK"]]);
    await stop();
  });

  describe("whose consumer leaves its pulls without a word", () => {
    beforeEach(async () => {
      jest.useFakeTimers();
      // The pull that is under way has a clock of its own.
      refuse();
      await nextPull();
    });
    afterEach(async () => {
      jest.useRealTimers();
      await stop();
    });
    async function nextPull(): Promise<void> {
      const before = pulls;
      for (let i = 0; i < 5_000 && pulls === before; i++) {
        await jest.advanceTimersByTimeAsync(100);
        // What it pauses after a failure is real time.
        await sleep(1);
      }
      expect(pulls).toBe(before + 1);
    }
    const deleted = () => consumer.log.filter((line) => line.startsWith("delete"));

    test("makes it anew after the second", async () => {
      await nextPull();
      expect(deleted()).toEqual([]);
      await nextPull();
      expect(consumer.log.slice(-2)).toEqual(["delete waybill_orders delivery_0", "add delivery_0"]);
      await nextPull();
      expect(deleted()).toHaveLength(1);
    });

    test("leaves it when another node has made it anew", async () => {
      await nextPull();
      consumer.created = "by another";
      await nextPull();
      await nextPull();
      expect(deleted()).toEqual([]);
    });

    test("leaves it when it has said something in between", async () => {
      await nextPull();
      receive({ headers: { code: 100 } as never });
      await nextPull();
      expect(deleted()).toEqual([]);
    });
  });

  test("gives back what comes while it stops", async () => {
    const { message: one, said } = message("one");
    const stopping = reader.stop();
    receive(one);
    drained();
    await stopping;
    expect([handled, said]).toEqual([[], ["-NAK"]]);
  });

  test("gives back what has come in the moment in which it stops", async () => {
    const { message: one, said } = message("one");
    receive(one);
    await stop();
    expect([handled, said]).toEqual([[], ["-NAK"]]);
  });

  test("gives back what has come for a pull that was given up, when it stops before the next one", async () => {
    const { message: one, said } = message("one");
    refuse();
    receive(one);
    await stop();
    expect([handled, said]).toEqual([[], ["-NAK"]]);
  });
});
