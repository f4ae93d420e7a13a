import type { AnySequencedEvent, PartitionPosition } from "../event-log.ts";
import { PARTITIONS } from "../ids.ts";
import type { Logger } from "../logger.ts";
import { Rest } from "../rest.ts";

/** Reads a log in order: the events after a sequence of one partition or of all, or after one of each of some. */
export type ReadLog = (
  after: number | readonly PartitionPosition[],
  limit: number,
  partition?: number,
) => Promise<AnySequencedEvent[]>;

const READ = 500;
/** So many events, and so many characters of their data as JSON, are kept at least; it is let grow to twice of either. */
const KEPT = 1_000;
const KEPT_LENGTH = 2 * 1_024 * 1_024;

/**
 * The newest events of one log, read once for all readers in this process. Readers that are close behind the head
 * are served from memory, the others from the log: a slow one takes no memory. It holds 2,000 events and 4 MB at most.
 */
export class LogTail {
  readonly #read: ReadLog;
  readonly #readHead: () => Promise<number>;
  readonly #logger: Logger;
  readonly #pollMs: number;
  #events: AnySequencedEvent[] = [];
  /** How long the data of each of them is, and of all. */
  #lengths: number[] = [];
  #length = 0;
  /** Per partition the same events, so that a partition's reader does not look at the others'. */
  readonly #byPartition: AnySequencedEvent[][] = Array.from({ length: PARTITIONS }, () => []);
  /** Everything after `floor` and up to `head` is in memory. Undefined until the log's head was read once. */
  #floor: number | undefined;
  #head = 0;
  #woken = false;
  readonly #rest = new Rest();
  #stopping = false;
  #running: Promise<void> | undefined;
  #waiting = new Set<() => void>();

  constructor(log: { read: ReadLog; head: () => Promise<number> }, logger: Logger, pollMs: number) {
    this.#read = log.read;
    this.#readHead = log.head;
    this.#logger = logger;
    this.#pollMs = pollMs;
  }

  /** The sequence up to which this process has read. */
  get head(): number {
    return this.#head;
  }

  /** Starts following the log from its head: what is older is read when somebody asks for it. */
  start(): void {
    this.#running = this.#run();
  }

  /** The log has grown. */
  wake(): void {
    this.#woken = true;
    this.#rest.end();
  }

  /** The events after a sequence, in order; empty at the head. */
  async after(sequence: number, limit: number, partition?: number): Promise<AnySequencedEvent[]> {
    if (this.#floor === undefined || sequence < this.#floor) return this.#read(sequence, limit, partition);
    return someAfter(partition === undefined ? this.#events : this.#ofPartition(partition), sequence, limit);
  }

  /**
   * The next events of some partitions, each from its position on, in order. However many partitions have fallen behind
   * what is in memory, the log is read once for all of them, and no more of it than is answered.
   */
  async next(positions: readonly PartitionPosition[], limit: number): Promise<AnySequencedEvent[]> {
    const floor = this.#floor ?? Number.POSITIVE_INFINITY;
    // Taken before the log is read: meanwhile some of it may be dropped.
    const kept = positions
      .filter(({ sequence }) => sequence >= floor)
      .flatMap(({ partition, sequence }) => someAfter(this.#ofPartition(partition), sequence, limit));
    const behind = positions.filter(({ sequence }) => sequence < floor);
    const read = behind.length === 0 ? [] : await this.#read(behind, limit);
    // Cut after sorting: what is left of each partition is its beginning.
    return [...read, ...kept].sort((a, b) => a.sequence - b.sequence).slice(0, limit);
  }

  /** Resolves when the head moves beyond a sequence, when the time is over, or when the tail stops. */
  async grown(beyond: number, milliseconds: number): Promise<void> {
    if (this.#head > beyond || this.#stopping) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#waiting.add(done);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.wake();
    this.release();
    await this.#running;
  }

  /** Lets all that wait for the head to move look again: it moved, or one of them is to end. */
  release(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const done of waiting) done();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping) {
      this.#woken = false;
      let pause = this.#pollMs;
      try {
        if (this.#floor === undefined) {
          this.#head = await this.#readHead();
          this.#floor = this.#head;
          this.release();
        }
        const events = await this.#read(this.#head, READ);
        failures = 0;
        if (events.length > 0) {
          this.#keep(events);
          this.release();
        }
        if (events.length === READ) continue;
      } catch (error) {
        failures++;
        pause = Math.min(5_000, 50 * 2 ** failures) * (0.5 + Math.random() / 2);
        this.#woken = false;
        if (!this.#stopping) this.#logger.warn({ err: error, failures }, "a log could not be read");
      }
      if (this.#woken || this.#stopping) continue;
      await this.#rest.for(pause);
    }
  }

  #ofPartition(partition: number): readonly AnySequencedEvent[] {
    return this.#byPartition[partition] as AnySequencedEvent[];
  }

  #keep(events: AnySequencedEvent[]): void {
    for (const event of events) {
      const length = JSON.stringify(event.data).length;
      this.#events.push(event);
      this.#lengths.push(length);
      this.#length += length;
      this.#byPartition[event.partition]?.push(event);
    }
    this.#head = (events.at(-1) as AnySequencedEvent).sequence;
    // Dropped in large pieces: a shift for each event would move the whole array every time.
    if (this.#events.length > 2 * KEPT || this.#length > 2 * KEPT_LENGTH) this.#drop();
  }

  #drop(): void {
    let dropped = 0;
    while (this.#events.length - dropped > KEPT || this.#length > KEPT_LENGTH) {
      this.#length -= this.#lengths[dropped++] as number;
    }
    const floor = (this.#events[dropped - 1] as AnySequencedEvent).sequence;
    this.#floor = floor;
    this.#events = this.#events.slice(dropped);
    this.#lengths = this.#lengths.slice(dropped);
    this.#byPartition.forEach((part, i) => {
      this.#byPartition[i] = part.slice(firstAfter(part, floor));
    });
  }
}

function someAfter(events: readonly AnySequencedEvent[], sequence: number, limit: number): AnySequencedEvent[] {
  const start = firstAfter(events, sequence);
  return events.slice(start, start + limit);
}

/** The index of the first event after a sequence, in events in order. */
function firstAfter(events: readonly AnySequencedEvent[], sequence: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle] as AnySequencedEvent).sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
