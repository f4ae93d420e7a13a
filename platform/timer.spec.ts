import { Timer } from "./timer.ts";

const { jest } = import.meta;

const logger = { warn: jest.fn() };

/** A timer of 1 s whose runs answer what the list says, then nothing. */
function counting(answers: readonly (number | Error | undefined)[] = []) {
  const at: number[] = [];
  const timer = new Timer({
    name: "test",
    everyMs: 1_000,
    logger,
    run: async () => {
      at.push(Date.now());
      const answer = answers[at.length - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { timer, at };
}

describe("a timer", () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    jest.spyOn(Math, "random").mockReturnValue(0.5);
    logger.warn.mockClear();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("runs at once and then every so often", async () => {
    const { timer, at } = counting();
    timer.start();
    await jest.advanceTimersByTimeAsync(2_500);
    await timer.stop();
    expect(at).toEqual([0, 1_000, 2_000]);
  });

  it("runs as soon as a run asked for, and never later than its pause", async () => {
    const { timer, at } = counting([200, 0, 60_000]);
    timer.start();
    await jest.advanceTimersByTimeAsync(1_250);
    await timer.stop();
    expect(at).toEqual([0, 200, 200, 1_200]);
  });

  it("runs when it is woken", async () => {
    const { timer, at } = counting();
    timer.start();
    await jest.advanceTimersByTimeAsync(300);
    timer.wake();
    await jest.advanceTimersByTimeAsync(0);
    await timer.stop();
    expect(at).toEqual([0, 300]);
  });

  it("runs once more when it was woken at work, however often", async () => {
    let runs = 0;
    const timer: Timer = new Timer({
      name: "test",
      everyMs: 1_000,
      logger,
      run: async () => {
        if (++runs > 1) return;
        timer.wake();
        timer.wake();
      },
    });
    timer.start();
    await jest.advanceTimersByTimeAsync(500);
    await timer.stop();
    expect(runs).toBe(2);
  });

  it("logs a failure and tries again after pauses that grow, which waking does not shorten", async () => {
    const { timer, at } = counting([new Error("one"), new Error("two")]);
    timer.start();
    await jest.advanceTimersByTimeAsync(10);
    timer.wake();
    await jest.advanceTimersByTimeAsync(300);
    await timer.stop();
    expect(at).toEqual([0, 75, 225]);
    expect(logger.warn).toHaveBeenCalledTimes(2);
  });

  it("stops only when the run in hand has ended", async () => {
    let end: () => void = () => {};
    let ended = false;
    const timer = new Timer({
      name: "test",
      everyMs: 1_000,
      logger,
      run: async () => {
        await new Promise<void>((resolve) => (end = resolve));
        ended = true;
      },
    });
    timer.start();
    await jest.advanceTimersByTimeAsync(0);
    const stopped = timer.stop().then(() => expect(ended).toBe(true));
    end();
    await stopped;
  });

  it("can be stopped before it has started", async () => {
    const { timer, at } = counting();
    await timer.stop();
    timer.start();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(at).toEqual([]);
  });
});
