import { hash } from "node:crypto";
import { newId } from "../../../platform/ids.ts";
import type { RedisLink } from "../../../platform/redis.ts";

/** A node that dies over a check counts it for so long as if it were wrong, in ms. */
const LONGEST_CHECK_MS = 10_000;

/** Scores are Redis's own time, so that the nodes' clocks need not agree. */
const NOW = "local t = redis.call('time') local now = t[1] * 1000 + math.floor(t[2] / 1000)";

/** Answers 0 when the check may begin and is counted, -1 when it has to wait for others, or in how many ms it may come. */
const BEGIN = `${NOW}
  local failed, pending, most, window = KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2])
  redis.call('zremrangebyscore', failed, '-inf', now - window)
  redis.call('zremrangebyscore', pending, '-inf', now - tonumber(ARGV[4]))
  local failures = redis.call('zcard', failed)
  if failures >= most then return redis.call('zrange', failed, 0, 0, 'withscores')[2] + window - now end
  if failures + redis.call('zcard', pending) >= most then return -1 end
  redis.call('zadd', pending, now, ARGV[3])
  redis.call('pexpire', pending, window)
  return 0`;

const END = `${NOW}
  redis.call('zrem', KEYS[2], ARGV[1])
  if ARGV[2] == 'wrong' then
    redis.call('zadd', KEYS[1], now, ARGV[1])
    redis.call('pexpire', KEYS[1], ARGV[3])
  end`;

/** What the nodes know together of a secret that is to be checked. */
export type Standing =
  | { readonly may: "begin"; end(right: boolean | undefined): Promise<void> }
  | { readonly may: "wait" }
  | { readonly may: "not"; readonly forMs: number };

/** Counts wrong secrets in Redis, for all nodes together. Without Redis it knows nothing, and each node counts by itself. */
export class SharedGuesses {
  readonly #redis: RedisLink;

  constructor(redis: RedisLink) {
    this.#redis = redis;
  }

  /** Whether one more secret of a subject may be checked; undefined while Redis is away. */
  async begin(subject: string, most: number, windowMs: number): Promise<Standing | undefined> {
    // Neither a client nor its address is written down.
    const name = `waybill-guesses:{${hash("sha256", subject, "base64url")}}`;
    const keys = [`${name}:failed`, `${name}:pending`];
    const check = newId();
    const answer = await this.#redis
      .ask((client) => client.eval(BEGIN, 2, ...keys, most, windowMs, check, LONGEST_CHECK_MS))
      .catch(() => undefined);
    if (answer === undefined) return undefined;
    const standing = Number(answer);
    if (standing < 0) return { may: "wait" };
    if (standing > 0) return { may: "not", forMs: standing };
    return {
      may: "begin",
      end: async (right) => {
        const outcome = right === false ? "wrong" : "";
        await this.#redis
          .ask((client) => client.eval(END, 2, ...keys, check, outcome, windowMs))
          .catch(() => undefined);
      },
    };
  }
}
