import type { RecordedMessage } from "./message.ts";
import { type InHand, Unsent } from "./unsent.ts";

const NOW = "2026-11-21T10:00:00.000Z";
const LATER = "2026-11-21T10:00:30.000Z";

function held(n: number, until = LATER): InHand {
  const message: RecordedMessage = {
    ...{ id: `m${n}`, tenant: "demo", orderId: `o${n}`, eventId: `e${n}`, version: 1 },
    ...{ type: "ORDER_PLACED", medium: "email", attempts: 0 },
  };
  return { message, until };
}

describe("what a node has in hand", () => {
  test("is taken out oldest first, each once", () => {
    const unsent = new Unsent();
    unsent.add([held(1), held(2)]);
    unsent.add([held(3)]);
    expect(unsent.take(NOW, 2)).toEqual([held(1), held(2)]);
    expect(unsent.isEmpty).toBe(false);
    unsent.putBack([held(2)]);
    expect(unsent.take(NOW, 2)).toEqual([held(2), held(3)]);
    expect(unsent.isEmpty).toBe(true);
  });

  test("is left to others once its time is over", () => {
    const unsent = new Unsent();
    unsent.add([held(1, NOW), held(2)]);
    expect(unsent.take(NOW, 10)).toEqual([held(2)]);
    expect(unsent.isEmpty).toBe(true);
  });

  test("is bounded, and nothing more when the node stops", () => {
    const unsent = new Unsent();
    expect(unsent.isFull).toBe(false);
    unsent.add(Array.from({ length: 10_001 }, (_, n) => held(n)));
    expect(unsent.isFull).toBe(true);
    expect(unsent.take(NOW, 1)).toEqual([held(0)]);
    expect(unsent.isFull).toBe(false);
    expect(unsent.close()).toHaveLength(9_999);
    unsent.putBack([held(0)]);
    expect([unsent.isFull, unsent.isEmpty]).toEqual([true, true]);
  });
});
