import { rateLimited } from "../../../platform/errors.ts";

export const GUESSES = 20;
const WINDOW_MS = 60_000;
/** Far more than can be hashed within the window, so that nobody can push an entry out by filling the map. */
const MAX_SUBJECTS = 50_000;

interface Subject {
  /** When the latest wrong secrets came, oldest first. */
  failures: number[];
  /** Secrets that are being checked. */
  pending: number;
  waiting: (() => void)[];
}

/**
 * Lets at most 20 wrong secrets a minute through for each subject (a client id from an address). Every secret that is
 * being checked is counted as if it were wrong until that is known, so that many at once are no way round it; those
 * that find no place meanwhile wait, and are not refused while they may well be right.
 */
export class GuessLimit {
  readonly #subjects = new Map<string, Subject>();

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
      if (failed >= GUESSES) {
        throw rateLimited({ retryAfter: Math.ceil(((subject.failures[0] as number) + WINDOW_MS - now()) / 1_000) });
      }
      if (subject.pending + failed < GUESSES) break;
      await new Promise<void>((resolve) => subject.waiting.push(resolve));
    }
    subject.pending++;
    try {
      const right = await check();
      if (!right) this.#failed(key, subject, now());
      return right;
    } finally {
      subject.pending--;
      const waiting = subject.waiting.splice(0);
      for (const resume of waiting) resume();
      // Those that waited go on with this very object.
      if (subject.pending + subject.failures.length + waiting.length === 0) this.#subjects.delete(key);
    }
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
