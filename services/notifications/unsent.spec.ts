import type { RecordedMessage } from "./message.ts";
import { Unsent } from "./unsent.ts";

const NOW = "2026-11-21T10:00:00.000Z";
const LATER = "2026-11-21T10:00:30.000Z";

function message(n: number): RecordedMessage {
  return { id: `m${n}`, tenant: "demo", orderId: `o${n}`, eventId: `e${n}`, type: "ORDER_PLACED" };
}

describe("what a node has in hand", () => {
  test("is taken out oldest first, each once", () => {
    const unsent = new Unsent();
    unsent.add([message(1), message(2)], LATER);
    unsent.add([message(3)], LATER);
    expect(unsent.take(NOW, 2)).toEqual([message(1), message(2)]);
    expect(unsent.isEmpty).toBe(false);
    expect(unsent.take(NOW, 2)).toEqual([message(3)]);
    expect(unsent.isEmpty).toBe(true);
  });

  test("is left to others once its time is over", () => {
    const unsent = new Unsent();
    unsent.add([message(1)], NOW);
    unsent.add([message(2)], LATER);
    expect(unsent.take(NOW, 10)).toEqual([message(2)]);
    expect(unsent.isEmpty).toBe(true);
  });

  test("is bounded, and nothing more when the node stops", () => {
    const unsent = new Unsent();
    expect(unsent.isFull).toBe(false);
    unsent.add(
      Array.from({ length: 10_000 }, (_, n) => message(n)),
      LATER,
    );
    expect(unsent.isFull).toBe(true);
    unsent.take(NOW, 1);
    expect(unsent.isFull).toBe(false);
    unsent.close();
    expect(unsent.isFull).toBe(true);
  });
});
