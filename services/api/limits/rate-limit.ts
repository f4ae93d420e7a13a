import { LRUCache } from "lru-cache";
import type { SharedWindows } from "./shared-windows.ts";

export const WINDOW_MS = 60_000;
/** Of whom windows are kept: some 10 MB. Those that were not asked for the longest go. */
const MOST_SUBJECTS = 50_000;

/** How a subject stands with a limit, once it has asked for one request more. */
export interface Standing {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** In how many ms it begins anew. */
  readonly resetMs: number;
}

interface Window {
  limit: number;
  /** On this process's monotonic clock, in ms. */
  endsAt: number;
  /** How many more this node may let through, and how many it has. */
  left: number;
  spent: number;
  /** How many nobody has taken yet, as the shared count last said, and how many it gave this node then. */
  untaken: number;
  granted: number;
  /** The shared count could not be asked: until the window ends this node counts by itself. */
  alone: boolean;
  asking: Promise<void> | undefined;
}

/**
 * Lets so many requests a minute through for each subject. A window begins with its first request. With a shared count
 * all nodes together let no more through: a node takes some of it at a time and spends them without asking, fewer the
 * closer the limit is; so an ordinary request waits for nobody. Without one, or while that is away, each node counts
 * by itself.
 */
export class RateLimit {
  readonly #windows = new LRUCache<string, Window>({ max: MOST_SUBJECTS });
  readonly #shared: SharedWindows | undefined;
  readonly #now: () => number;

  constructor(shared?: SharedWindows, now = () => performance.now()) {
    this.#shared = shared;
    this.#now = now;
  }

  /** Counts a request of a subject. A promise only when the shared count has to be asked. */
  take(subject: string, limit: number): Standing | Promise<Standing> {
    const window = this.#windowOf(subject, limit);
    if (window.left > 0) {
      window.left--;
      window.spent++;
      // A small share is not taken ahead: another node may need it.
      if (window.granted > 1 && 2 * window.left <= window.granted && this.#mayAsk(window))
        void this.#ask(subject, window);
      return this.#standing(window, true);
    }
    return this.#mayAsk(window) ? this.#askAndTake(subject, window) : this.#standing(window, false);
  }

  /** Takes back that a request was counted. */
  giveBack(subject: string): void {
    const window = this.#windows.get(subject);
    if (!window || window.spent === 0) return;
    window.left++;
    window.spent--;
  }

  #windowOf(subject: string, limit: number): Window {
    const now = this.#now();
    let window = this.#windows.get(subject);
    if (!window || window.endsAt <= now) {
      const isShared = this.#shared !== undefined;
      window = {
        limit,
        endsAt: now + WINDOW_MS,
        left: isShared ? 0 : limit,
        spent: 0,
        untaken: isShared ? limit : 0,
        granted: 0,
        alone: !isShared,
        asking: undefined,
      };
      this.#windows.set(subject, window);
    } else if (window.limit !== limit) {
      window.limit = limit;
      // What was spent stays spent, here and in the shared count, which is asked anew.
      window.left = window.alone ? Math.max(0, limit - window.spent) : 0;
      window.untaken = window.alone ? 0 : limit;
    }
    return window;
  }

  #mayAsk({ alone, untaken }: Window): boolean {
    return !alone && untaken > 0;
  }

  async #askAndTake(subject: string, window: Window): Promise<Standing> {
    await this.#ask(subject, window);
    // Others who have waited may have been quicker.
    return this.take(subject, window.limit);
  }

  /** Once at a time. Leaves something to spend, or nothing to ask for. */
  #ask(subject: string, window: Window): Promise<void> {
    window.asking ??= this.#takeShare(subject, window).finally(() => {
      window.asking = undefined;
    });
    return window.asking;
  }

  async #takeShare(subject: string, window: Window): Promise<void> {
    const { limit } = window;
    const share = await this.#shared?.take(subject, limit, WINDOW_MS);
    if (!share) {
      window.alone = true;
      window.left = Math.max(window.left, window.limit - window.spent);
      window.untaken = 0;
      return;
    }
    window.left += share.granted;
    window.granted = share.granted;
    // Raised or lowered meanwhile: it is asked again.
    if (limit === window.limit) window.untaken = share.untaken;
    window.endsAt = this.#now() + share.endsInMs;
  }

  #standing({ limit, left, untaken, endsAt }: Window, allowed: boolean): Standing {
    return { allowed, limit, remaining: left + untaken, resetMs: Math.max(0, endsAt - this.#now()) };
  }
}
