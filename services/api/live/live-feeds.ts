import type { ServerResponse } from "node:http";
import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { cursorExpired, rateLimited, unavailable } from "../../../platform/errors.ts";
import type { AnySequencedEvent } from "../../../platform/event-log.ts";
import { feedEvent, isPublic } from "../../../platform/feed-event.ts";
import { partitionOf } from "../../../platform/ids.ts";
import type { Logger } from "../../../platform/logger.ts";
import { Turns } from "../../../platform/turns.ts";
import { audienceOf, audiencesOf, type Piece, piecesOf } from "./audiences.ts";
import { Feed, type FeedFilter } from "./feed.ts";
import { decodeFeedCursor, encodeFeedCursor } from "./feed-cursor.ts";
import type { FeedSource } from "./feed-source.ts";

const MOST_FEEDS = 20_000;
/** So that no tenant takes everybody's. */
const SHARE_OF_TENANT = 0.5;
/** And no customer: a few devices with a few pages each. */
const MOST_OF_CUSTOMER = 50;
/** What a feed reads for itself at a time, and what is handed out to all together: other tenants' events wait for that. */
const BATCH = 200;
const HANDED_OUT = 50;
/** So many feeds are written to before others in this process have their turn: a millisecond or two. */
const FEEDS_OF_A_TURN = 200;
const LOOK_MS = 250;
const TICK_MS = 1_000;
const BEAT_TICKS = 15;
const COMMENT = Buffer.from(":\n\n");
/** Readers that resume from far behind read the log itself; a few at a time, or they would keep orders from it. */
const READING_AT_ONCE = 4;

/** Whether a token, or all of its client, was revoked, by its id, as far as this node knows. */
export type IsRevoked = (id: string) => boolean;

/** Where a feed begins, and the log's head at that moment. */
export interface FeedStart {
  readonly position: number;
  readonly head: number;
}

/**
 * All live feeds of this process. One loop follows the orders' log and hands each event, written once, to the feeds
 * that show it. A feed that is behind the loop, because it resumes or because its reader is slow, reads for itself at
 * the reader's pace until it has caught up: nothing piles up in memory for anybody.
 */
export class LiveFeeds {
  readonly #openSource: () => FeedSource;
  readonly #isRevoked: IsRevoked;
  readonly #logger: Logger;
  #opened: FeedSource | undefined;
  readonly #most: number;
  readonly #all = new Set<Feed>();
  /** How many feeds tenants and customers have. */
  readonly #counts = new Map<string, number>();
  /** The feeds that are level with the loop, by what they show. */
  readonly #following = new Map<string, Set<Feed>>();
  readonly #chunks = new WeakMap<AnySequencedEvent, Buffer>();
  readonly #reading = new Turns(READING_AT_ONCE, Number.POSITIVE_INFINITY);
  readonly #stopping = new AbortController();
  /** The sequence up to which the loop has handed everything out; undefined while it does not run. */
  #position: number | undefined;
  #running: Promise<void> | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #ticks = 0;

  /**
   * @param openSource opens the log; asked when there is a first feed
   * @param most how many feeds there are at most
   */
  constructor(openSource: () => FeedSource, isRevoked: IsRevoked, logger: Logger, most = MOST_FEEDS) {
    this.#most = most;
    this.#openSource = openSource;
    this.#isRevoked = isRevoked;
    this.#logger = logger;
  }

  get #source(): FeedSource {
    this.#opened ??= this.#openSource();
    return this.#opened;
  }

  get size(): number {
    return this.#all.size;
  }

  /**
   * Where a feed begins: behind the event that the reader names, or at the log's head as it is now. Throws
   * CURSOR_EXPIRED for an id that was never given out, or is ahead of the log, and RATE_LIMITED for one feed too many of
   * a customer or a tenant.
   */
  async startOf(lastEventId: string | undefined, whose: FeedFilter): Promise<FeedStart> {
    if (this.#stopping.signal.aborted || this.#all.size >= this.#most) throw unavailable({ retryAfter: 5 });
    this.#assertRoom(whose);
    const named = lastEventId === undefined ? undefined : decodeFeedCursor(lastEventId);
    const head = await this.#source.currentHead();
    if (named !== undefined && named > head) throw cursorExpired({ detail: "The id is ahead of the feed." });
    return { position: named ?? head, head };
  }

  /** Feeds a response, whose headers were written, until either side ends it. */
  open(res: ServerResponse, filter: FeedFilter, { position, head }: FeedStart): void {
    const feed = new Feed(res, filter, position);
    this.#all.add(feed);
    this.#count(filter, 1);
    res.on("close", () => this.#forget(feed));
    if (this.#stopping.signal.aborted) {
      feed.end();
      return;
    }
    feed.write(COMMENT);
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS);
    if (this.#position === undefined) {
      this.#position = head;
      this.#running = this.#follow();
    }
    this.#read(feed);
  }

  /** The orders' log has grown on another node. */
  wake(): void {
    if (this.#all.size > 0) this.#opened?.wake();
  }

  /** Ends the feeds of a token that was revoked, or of all tokens of a client. */
  endToken(id: string): void {
    for (const feed of this.#all) if (feed.filter.tokenId === id || feed.filter.epoch === id) feed.end();
  }

  /** Ends all feeds. There are no new ones after it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#ticking);
    for (const feed of this.#all) feed.end();
    await this.#opened?.stop();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted && this.#all.size > 0) {
      try {
        const position = this.#position as number;
        const events = await this.#source.after(position, HANDED_OUT);
        failures = 0;
        if (events.length > 0) await this.#handOut(events);
        else await this.#source.grown(position, LOOK_MS);
      } catch (error) {
        failures++;
        this.#logger.warn({ err: error, failures }, "the orders' log could not be read for the live feeds");
        await sleep(Math.min(5_000, 50 * 2 ** failures), undefined, { signal }).catch(() => {});
      }
    }
    this.#position = undefined;
  }

  /**
   * Hands events to all that are level and show them. Feeds that show the same get the same bytes, in as few writes as it
   * takes; the fewest readers come first, so that nobody waits for another tenant's thousands.
   */
  async #handOut(events: readonly AnySequencedEvent[]): Promise<void> {
    const audiences = [...audiencesOf(events.filter(isPublic))].flatMap(([audience, shown]) => {
      const feeds = this.#following.get(audience);
      return feeds ? [{ feeds: [...feeds], pieces: piecesOf(shown, (event) => this.#chunkOf(event)) }] : [];
    });
    // From here on a feed that gets level knows these events already: it is not among those that they are handed to.
    this.#position = (events.at(-1) as AnySequencedEvent).sequence;
    audiences.sort((one, other) => one.feeds.length - other.feeds.length);
    let written = 0;
    for (const { feeds, pieces } of audiences) {
      for (const feed of feeds) {
        this.#give(feed, pieces);
        // The sockets need a pause to send in, too.
        if (++written % FEEDS_OF_A_TURN === 0) await breathe();
      }
    }
    await breathe();
  }

  #give(feed: Feed, pieces: readonly Piece[]): void {
    for (const { events, bytes, first, last } of pieces) {
      // A feed may have begun ahead of this loop, at a head that the loop had not come to yet.
      if (last <= feed.position) continue;
      if (first > feed.position) feed.write(bytes);
      else for (const event of events) if (event.sequence > feed.position) feed.write(this.#chunkOf(event));
      if (!feed.stalled) continue;
      this.#following.get(audienceOf(feed.filter))?.delete(feed);
      feed.position = last;
      this.#read(feed);
      return;
    }
  }

  #read(feed: Feed): void {
    this.#catchUp(feed).catch((error: unknown) => {
      this.#logger.warn({ err: error }, "a live feed could not be read and was cut off");
      feed.cut();
    });
  }

  async #catchUp(feed: Feed): Promise<void> {
    const { order } = feed.filter;
    const partition = order === undefined ? undefined : partitionOf(order);
    for (;;) {
      await feed.drained();
      if (feed.ended || this.#stopping.signal.aborted) return;
      const target = this.#position ?? feed.position;
      if (feed.position >= target) break;
      const known = this.#source.head;
      const events = await this.#reading.run(() => this.#source.after(feed.position, BATCH, partition));
      for (const event of events) {
        if (isPublic(event) && feed.shows(event)) {
          feed.write(this.#chunkOf(event));
          await feed.drained();
        }
        feed.position = event.sequence;
      }
      // Fewer than were asked for need not be the last ones: large events come a few at a time.
      if (events.length > 0) continue;
      // A partition's last event may lie before the target: between them there is nothing for this feed. Unless the
      // source has not read as far itself: a loop that has just begun stands at the log's head, ahead of it.
      if (known >= target) feed.position = Math.max(feed.position, target);
      else await this.#source.grown(known, LOOK_MS);
    }
    const audience = audienceOf(feed.filter);
    const feeds = this.#following.get(audience);
    if (feeds) feeds.add(feed);
    else this.#following.set(audience, new Set([feed]));
  }

  #assertRoom({ tenant, customer }: FeedFilter): void {
    const bounds: [string, string, number][] = [[tenant, "tenant", Math.ceil(this.#most * SHARE_OF_TENANT)]];
    if (customer !== undefined) bounds.push([`${tenant}/${customer}`, "customer", MOST_OF_CUSTOMER]);
    for (const [key, whose, most] of bounds)
      if ((this.#counts.get(key) ?? 0) >= most)
        throw rateLimited({ detail: `There are ${most} live feeds of the ${whose}.`, retryAfter: 5 });
  }

  #count({ tenant, customer }: FeedFilter, change: 1 | -1): void {
    for (const key of customer === undefined ? [tenant] : [tenant, `${tenant}/${customer}`]) {
      const count = (this.#counts.get(key) ?? 0) + change;
      if (count > 0) this.#counts.set(key, count);
      else this.#counts.delete(key);
    }
  }

  #forget(feed: Feed): void {
    if (this.#all.delete(feed)) this.#count(feed.filter, -1);
    const audience = audienceOf(feed.filter);
    const feeds = this.#following.get(audience);
    feeds?.delete(feed);
    if (feeds?.size === 0) this.#following.delete(audience);
    if (this.#all.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  #tick(): void {
    const now = performance.now();
    const seconds = Math.floor(Date.now() / 1_000);
    const beat = ++this.#ticks % BEAT_TICKS === 0;
    for (const feed of this.#all) {
      feed.check(now, seconds);
      // The news may have come while the feed was opened.
      const { tokenId, epoch } = feed.filter;
      if ([tokenId, epoch].some((id) => id !== undefined && this.#isRevoked(id))) feed.end();
      if (beat) feed.beat(COMMENT);
    }
  }

  /** The bytes of an event, made once for all its readers. */
  #chunkOf(event: AnySequencedEvent): Buffer {
    let chunk = this.#chunks.get(event);
    if (!chunk) {
      const shown = JSON.stringify(feedEvent(event));
      chunk = Buffer.from(`id: ${encodeFeedCursor(event.sequence)}\nevent: ${event.type}\ndata: ${shown}\n\n`);
      this.#chunks.set(event, chunk);
    }
    return chunk;
  }
}
