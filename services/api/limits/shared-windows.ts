import { hash } from "node:crypto";
import type { RedisLink } from "../../../platform/redis.ts";

/** The part of what is left that a node gets at a time, and the most. */
const PART = 20;
const MOST_AT_ONCE = 1_000;

/** Answers what the node gets, what is left then, and when the window ends, in ms. It begins when the first one takes. */
const TAKE = `
  local key, limit, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
  local left = limit - tonumber(redis.call('get', key) or '0')
  local ends = redis.call('pttl', key)
  if left <= 0 then
    if ends < 0 then ends = window end
    return {0, 0, ends}
  end
  local share = math.min(left, tonumber(ARGV[4]), math.max(1, math.floor(left / tonumber(ARGV[3]))))
  redis.call('incrby', key, share)
  if ends < 0 then
    redis.call('pexpire', key, window)
    ends = window
  end
  return {share, left - share, ends}`;

/** What a node got of a subject's window. */
export interface Share {
  readonly granted: number;
  /** What is left for everybody. */
  readonly untaken: number;
  readonly endsInMs: number;
}

/** Counts requests in Redis, for all gateways together. */
export class SharedWindows {
  readonly #redis: RedisLink;

  constructor(redis: RedisLink) {
    this.#redis = redis;
  }

  /** A share of what a subject may still do in its window: at least 1 while there is any. Undefined while Redis is away. */
  async take(subject: string, limit: number, windowMs: number): Promise<Share | undefined> {
    // Neither a customer nor an address is written down.
    const key = `waybill-requests:${hash("sha256", subject, "base64url")}`;
    const answer = await this.#redis
      .ask((client) => client.eval(TAKE, 1, key, limit, windowMs, PART, MOST_AT_ONCE))
      .catch(() => undefined);
    if (!Array.isArray(answer)) return undefined;
    const [granted, untaken, endsInMs] = answer.map(Number) as [number, number, number];
    return { granted, untaken, endsInMs };
  }
}
