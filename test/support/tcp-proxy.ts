import { connect, createServer, type Server, type Socket } from "node:net";

/** How a server is to be seen through a proxy. */
export type Mode =
  /** As it is. */
  | "there"
  /** Nobody listens, and connections are closed. */
  | "refusing"
  /** As through a network that is cut: connections are made or stay open, and nothing comes through. */
  | "silent";

/** Stands before a TCP server on 127.0.0.1, and takes it away as a test wants. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Map<Socket, Socket>();
  #mode: Mode = "there";
  port = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  static async before(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await proxy.#listen(0);
    return proxy;
  }

  /** The same connection string, through the proxy. */
  static through(url: string, port: number): string {
    const through = new URL(url);
    through.hostname = "127.0.0.1";
    through.port = String(port);
    return through.href;
  }

  async set(mode: Mode): Promise<void> {
    const before = this.#mode;
    this.#mode = mode;
    if (mode === "refusing") await this.#close();
    else if (before === "refusing") await this.#listen(this.port);
    for (const [client, server] of this.#pairs) for (const socket of [client, server]) this.#flow(socket);
  }

  /** Cuts the network of the connections that there are, for good; new ones go through. */
  mute(): void {
    for (const [client, server] of this.#pairs) {
      for (const socket of [client, server]) socket.removeAllListeners("data").pause();
    }
  }

  async stop(): Promise<void> {
    if (this.#mode !== "refusing") await this.#close();
  }

  #join(client: Socket): void {
    const server = connect({ host: "127.0.0.1", port: this.#target });
    this.#pairs.set(client, server);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on("data", (chunk: Buffer) => to.write(chunk));
      from.on("error", () => {});
      from.on("close", () => {
        this.#pairs.delete(client);
        to.destroy();
      });
      this.#flow(from);
    }
  }

  #flow(socket: Socket): void {
    if (this.#mode === "silent") socket.pause();
    else socket.resume();
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        this.port = (this.#server.address() as { port: number }).port;
        resolve();
      });
    });
  }

  async #close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const [client, server] of this.#pairs) for (const socket of [client, server]) socket.destroy();
    await closed;
  }
}
