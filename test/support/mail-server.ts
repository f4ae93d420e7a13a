import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { SMTPServer } from "smtp-server";

/** A mail as the server was given it. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly raw: string;
}

/** What a server says to a mail: nothing when it takes it. */
export type Refusal = { readonly at: "RCPT" | "DATA"; readonly code: number } | undefined;

/** A real SMTP server on the loopback, which keeps what it takes and refuses what it is told to. */
export class MailServer {
  /** All mails that were taken, in their order. */
  readonly mails: ReceivedMail[] = [];
  /** All that were offered, by recipient. */
  readonly offered: string[] = [];
  /** Asked for every mail; it knows the recipient, and of a whole mail all of it. */
  refuse: (to: string, mail?: ReceivedMail) => Refusal = () => undefined;
  /** Waited for before a mail is taken. */
  delay: () => Promise<void> = async () => {};
  #port = 0;
  #server: SMTPServer | undefined;

  static async start(): Promise<MailServer> {
    const server = new MailServer();
    await server.up();
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      onRcptTo: ({ address }, _session, callback) => {
        this.offered.push(address);
        const refusal = this.refuse(address);
        callback(refusal?.at === "RCPT" ? refused(refusal.code) : null);
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", async () => {
          const { mailFrom, rcptTo } = session.envelope;
          const mail = readMail(
            mailFrom ? mailFrom.address : "",
            rcptTo[0]?.address ?? "",
            Buffer.concat(chunks).toString("utf8"),
          );
          await this.delay();
          const refusal = this.refuse(mail.to, mail);
          if (refusal?.at === "DATA") return callback(refused(refusal.code));
          this.mails.push(mail);
          callback(null);
        });
      },
    });
    this.#server.on("error", () => {});
    const listening: Server = this.#server.listen(this.#port, "127.0.0.1");
    await once(listening, "listening");
    this.#port = (listening.address() as AddressInfo).port;
  }

  /** Refuses connections, and ends those that there are. */
  async down(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    for (const connection of (server as unknown as { connections: Set<{ _socket: { destroy(): void } }> }).connections)
      connection._socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function refused(code: number): Error {
  return Object.assign(new Error("refused by the test"), { responseCode: code });
}

function readMail(from: string, to: string, raw: string): ReceivedMail {
  const head = raw.slice(0, raw.indexOf("\r\n\r\n")).replaceAll(/\r\n[ \t]+/g, " ");
  const headers = new Map(
    head.split("\r\n").map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), decoded(line.slice(colon + 1).trim())];
    }),
  );
  return { from, to, headers, raw };
}

/** A header with its encoded words (RFC 2047) as they read; white space between two of them is none. */
function decoded(value: string): string {
  return value
    .replaceAll(/\?= =\?/g, "?==?")
    .replaceAll(/=\?UTF-8\?([QB])\?(.*?)\?=/gi, (_, kind: string, word: string) => {
      if (kind.toUpperCase() === "B") return Buffer.from(word, "base64").toString("utf8");
      return decodeURIComponent(word.replaceAll("_", " ").replaceAll("%", "%25").replaceAll("=", "%"));
    });
}
