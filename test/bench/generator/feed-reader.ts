/** What a chunk of a feed has brought. */
export interface Received {
  /** Of the answer, once its head is there. */
  readonly status?: number;
  /** How many events have come to their end. */
  readonly events: number;
  /** When those were made, in ms since 1970; none unless asked for. */
  readonly times: readonly number[];
}

const END_OF_HEAD = "\r\n\r\n";
const AT = '"at":"';
const TIME = "2026-01-01T00:00:00.000Z".length;

/**
 * Reads a live feed off a connection as cheaply as it can: there are very many. It looks for the ends of events alone,
 * which stand in no other place, and relies on the gateway's writing each event whole into one piece of the chunked body.
 */
export class FeedReader {
  #inBody = false;
  /** What has not come to its end. */
  #held: Buffer = Buffer.alloc(0);

  push(chunk: Buffer, wantsTimes: boolean): Received {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    let at = 0;
    let status: number | undefined;
    if (!this.#inBody) {
      const end = bytes.indexOf(END_OF_HEAD);
      if (end === -1) return this.#hold(bytes, { events: 0, times: [] });
      status = Number(bytes.toString("latin1", 9, 12));
      this.#inBody = true;
      at = end + END_OF_HEAD.length;
    }
    let events = 0;
    const times: number[] = [];
    for (let end = bytes.indexOf("\n\n", at); end !== -1; end = bytes.indexOf("\n\n", at)) {
      const data = bytes.subarray(at, end);
      at = end + 2;
      if (!data.includes("\ndata: ")) continue;
      events += 1;
      if (wantsTimes) times.push(timeOf(data));
    }
    return this.#hold(bytes.subarray(at), { ...(status !== undefined && { status }), events, times });
  }

  #hold(rest: Buffer, received: Received): Received {
    this.#held = rest;
    return received;
  }
}

function timeOf(data: Buffer): number {
  const from = data.indexOf(AT) + AT.length;
  return Date.parse(data.toString("latin1", from, from + TIME));
}
