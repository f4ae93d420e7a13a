import { connect, type Socket } from "node:net";
import { ResponseReader } from "./response-reader.ts";

/** Told how a request has ended: by its status, or 0 when the connection was lost. */
export type Answered = (status: number, body: Buffer) => void;

const NOTHING = Buffer.alloc(0);

/** A keep-alive connection with one request in flight at most; it is opened again when it is lost. */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #reader = new ResponseReader();
  #answered: Answered | undefined;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  /** Sends a request that is ready as bytes; they must not change until the answer is there. */
  send(bytes: Buffer, answered: Answered): void {
    this.#answered = answered;
    this.#socket ??= this.#open();
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    this.#reader = new ResponseReader();
    socket.on("data", (chunk) => {
      try {
        const response = this.#reader.push(chunk);
        if (response) this.#end(response.status, response.body);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    // The request that was in flight is counted as lost; more is not to be done about it.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#socket = undefined;
      // Not at once: a closed loop would do nothing but try again.
      if (this.#answered) setTimeout(() => this.#end(0, NOTHING), 50);
    });
    return socket;
  }

  #end(status: number, body: Buffer): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(status, body);
  }
}
