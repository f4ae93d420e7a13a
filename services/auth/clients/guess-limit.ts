import { setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { Problem, rateLimited } from "../../../platform/errors.ts";
import type { Ctx } from "../../../platform/service.ts";
import type { SharedGuesses, Standing } from "./shared-guesses.ts";

const GUESSES = 20;
const WINDOW_MS = 60_000;
/** Far more than can be hashed within the window, so that nobody can push an entry out by filling the map. */
const MAX_SUBJECTS = 50_000;
/** How long to wait for checks of other nodes, at a time and in all, in ms. */
const WAIT_MS = 20;
const LONGEST_WAIT_MS = 5_000;

type Begun = Extract<Standing, { may: "begin" }>;

/** Told once a window of a subject that is refused: by the call that was the first to be. */
export type OnLock = (ctx: Ctx, now: number) => void;

interface Subject {
  /** When the latest wrong secrets came, oldest first. */
  failures: number[];
  /** Secrets that are being checked. */
  pending: number;
  waiting: (() => void)[];
}

/**
 * Lets so many wrong secrets a minute through for each subject (a client id from an address). Every secret that is being
 * checked is counted as if it were wrong until that is known, so that many at once are no way round it; those that find
 * no place meanwhile wait, and are not refused while they may well be right. Where there is a shared count it holds for
 * all nodes together; each node's own goes on beside it, for the time that the shared one is away.
 */
export class GuessLimit {
  readonly #subjects = new Map<string, Subject>();
  readonly #shared: SharedGuesses | undefined;
  readonly #most: number;
  readonly #onLock: OnLock | undefined;
  /** Until when nobody is told again of a subject. */
  readonly #told = new LRUCache<string, number>({ max: MAX_SUBJECTS });

  constructor(shared?: SharedGuesses, most = GUESSES, onLock?: OnLock) {
    this.#shared = shared;
    this.#most = most;
    this.#onLock = onLock;
  }

  /**
   * Runs `check` and answers what it answered. Throws RATE_LIMITED, with `retryAfter`, before running it when the
   * subject has had its wrong secrets.
   *
   * @param now the time in ms
   */
  async attempt(key: string, now: () => number, check: () => Promise<boolean>): Promise<boolean> {
    const subject = this.#subject(key);
    for (;;) {
      const failed = recent(subject, now());
      if (failed >= this.#most) {
        throw rateLimited({ retryAfter: Math.ceil(((subject.failures[0] as number) + WINDOW_MS - now()) / 1_000) });
      }
      if (subject.pending + failed < this.#most) break;
      await new Promise<void>((resolve) => subject.waiting.push(resolve));
    }
    subject.pending++;
    let standing: Begun | undefined;
    let right: boolean | undefined;
    try {
      standing = await this.#begin(key);
      right = await check();
      if (!right) this.#failed(key, subject, now());
      return right;
    } finally {
      await standing?.end(right);
      subject.pending--;
      const waiting = subject.waiting.splice(0);
      for (const resume of waiting) resume();
      // Those that waited go on with this very object.
      if (subject.pending + subject.failures.length + waiting.length === 0) this.#subjects.delete(key);
    }
  }

  /** The same for a call, with whose refusal the limit is sent. */
  async attemptIn(ctx: Ctx, key: string, now: () => number, check: () => Promise<boolean>): Promise<boolean> {
    try {
      return await this.attempt(key, now, check);
    } catch (error) {
      // Of two limits, one within the other, the one that refused says so.
      if (error instanceof Problem && error.status === 429 && ctx.meta.$responseHeaders === undefined) {
        ctx.meta.$responseHeaders = {
          "RateLimit-Limit": String(this.#most),
          "RateLimit-Remaining": "0",
          "RateLimit-Reset": String(error.details.retryAfter),
        };
        this.#tell(ctx, key, now());
      }
      throw error;
    }
  }

  #tell(ctx: Ctx, key: string, now: number): void {
    if ((this.#told.get(key) ?? now) > now) return;
    this.#told.set(key, now + WINDOW_MS);
    this.#onLock?.(ctx, now);
  }

  /** Finds a place in the shared count. Throws RATE_LIMITED; undefined when there is none. */
  async #begin(key: string): Promise<Begun | undefined> {
    for (const end = performance.now() + LONGEST_WAIT_MS; performance.now() < end; await sleep(WAIT_MS)) {
      const standing = await this.#shared?.begin(key, this.#most, WINDOW_MS);
      if (standing?.may === "not") throw rateLimited({ retryAfter: Math.ceil(standing.forMs / 1_000) });
      if (standing?.may !== "wait") return standing;
    }
    throw rateLimited({ retryAfter: 1 });
  }

  #subject(key: string): Subject {
    let subject = this.#subjects.get(key);
    if (!subject) {
      subject = { failures: [], pending: 0, waiting: [] };
      this.#subjects.set(key, subject);
    }
    return subject;
  }

  #failed(key: string, subject: Subject, now: number): void {
    subject.failures.push(now);
    // Back to the end: the map's first entry is then the one whose last failure is the longest ago.
    this.#subjects.delete(key);
    this.#subjects.set(key, subject);
    for (const [oldest, { failures, pending }] of this.#subjects) {
      const over = (failures.at(-1) ?? now) + WINDOW_MS <= now;
      if (pending > 0 || (!over && this.#subjects.size <= MAX_SUBJECTS)) break;
      this.#subjects.delete(oldest);
    }
  }
}

/** How many of a subject's failures still count. */
function recent(subject: Subject, now: number): number {
  while (subject.failures.length > 0 && (subject.failures[0] as number) + WINDOW_MS <= now) subject.failures.shift();
  return subject.failures.length;
}
