/** An answer as the generator needs it. The body is a view of what has arrived: to be looked at at once or copied. */
export interface Response {
  readonly status: number;
  readonly body: Buffer;
}

const END_OF_HEAD = "\r\n\r\n";

/**
 * Reads the answers on one connection on which no request is sent before the last one is answered. It knows as much of
 * HTTP/1.1 as the servers measured here say: a status line, headers, and a body of Content-Length.
 */
export class ResponseReader {
  #held: Buffer | undefined;
  #bodyAt = 0;
  #length = 0;

  /** Takes what has arrived; answers the response once it is whole. Throws on what it cannot read. */
  push(chunk: Buffer): Response | undefined {
    const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    if (this.#bodyAt === 0) this.#readHead(bytes);
    if (this.#bodyAt === 0 || bytes.length < this.#bodyAt + this.#length) {
      this.#held = bytes;
      return undefined;
    }
    if (bytes.length > this.#bodyAt + this.#length) throw new Error("more has arrived than was asked for");
    const body = bytes.subarray(this.#bodyAt);
    this.#held = undefined;
    this.#bodyAt = 0;
    return { status: Number(bytes.toString("latin1", 9, 12)), body };
  }

  #readHead(bytes: Buffer): void {
    const end = bytes.indexOf(END_OF_HEAD);
    if (end === -1) return;
    const head = bytes.toString("latin1", 0, end);
    if (!/^HTTP\/1\.1 \d{3}/.test(head)) throw new Error(`not an answer: ${head.slice(0, 100)}`);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined && !/^HTTP\/1\.1 (204|304)/.test(head))
      throw new Error(`an answer without a length: ${head}`);
    this.#length = Number(length ?? 0);
    this.#bodyAt = end + END_OF_HEAD.length;
  }
}
