import { createTransport, type Transporter } from "nodemailer";
import type { Mailbox, Outcome, OutgoingMessage } from "../message.ts";
import type { Medium } from "./medium.ts";

const CONNECTIONS = 5;
const MAILS_OF_A_CONNECTION = 100;
/** How long the server may say nothing, in ms, and how long one mail may take with all that belongs to it. */
const SILENCE_MS = 5_000;
const LONGEST_MS = 15_000;

/** What nodemailer says of a failure, as far as it matters here. */
interface SmtpError {
  readonly code?: string;
  readonly responseCode?: number;
  readonly command?: string;
}

export interface SmtpOptions {
  /** `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte on. */
  readonly url: string;
  /** Whom mail is from, unless the tenant has a sender of its own. */
  readonly from: string;
}

/**
 * Mail over SMTP. The message's id is its `Message-ID`: where a connection breaks between the server's yes and our reading it,
 * the mail leaves twice, and whoever gets it can tell that it is the same.
 */
export class SmtpMedium implements Medium {
  readonly name = "email";
  readonly kind = "smtp";
  readonly atOnce = CONNECTIONS;
  readonly longestMs = LONGEST_MS;
  readonly #transport: Transporter;
  readonly #from: string;
  readonly #closing = new AbortController();

  constructor({ url, from }: SmtpOptions) {
    this.#from = from;
    this.#transport = createTransport({
      url,
      pool: true,
      maxConnections: CONNECTIONS,
      maxMessages: MAILS_OF_A_CONNECTION,
      connectionTimeout: SILENCE_MS,
      greetingTimeout: SILENCE_MS,
      dnsTimeout: SILENCE_MS,
      socketTimeout: SILENCE_MS,
      // Everything that goes out is a text that we have made: neither files nor addresses in the web are read for it.
      disableFileAccess: true,
      disableUrlAccess: true,
    } as object);
  }

  send(messages: readonly OutgoingMessage[]): Promise<Outcome[]> {
    return Promise.all(messages.map((message) => this.#sendOne(message)));
  }

  close(): void {
    this.#closing.abort();
    this.#transport.close();
  }

  async #sendOne(message: OutgoingMessage): Promise<Outcome> {
    const signal = AbortSignal.any([AbortSignal.timeout(LONGEST_MS - 1_000), this.#closing.signal]);
    try {
      await this.#transport.sendMail({ ...mailOf(message, this.#from), signal } as object);
      return { kind: "delivered" };
    } catch (error) {
      return outcomeOf(error as SmtpError);
    }
  }
}

/** A message as nodemailer wants it. Addresses are objects: a text would be read as a list of them. */
function mailOf({ id, to, sender, replyTo, subject, text, html, unsubscribeUrl }: OutgoingMessage, standard: string) {
  const from: Mailbox = { address: standard, ...sender };
  const domain = from.address.slice(from.address.lastIndexOf("@") + 1);
  return {
    messageId: `<${id}@${domain}>`,
    from: named(from),
    to: named(to),
    ...(replyTo && { replyTo: named({ address: replyTo }) }),
    subject,
    text,
    ...(html !== undefined && { html }),
    headers: {
      // Told to machines that answer by themselves (RFC 3834).
      "Auto-Submitted": "auto-generated",
      ...(unsubscribeUrl && {
        "List-Unsubscribe": { prepared: true, value: `<${unsubscribeUrl}>` },
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      }),
    },
  };
}

function named({ name = "", address }: Mailbox) {
  return { name, address };
}

/**
 * What a failure means. The server has refused this very mail with a 5xx of its envelope or its text; a 4xx of them is about
 * this mail as well, but not for good. All else (no connection, wrong credentials, 421) is about the server.
 */
export function outcomeOf({ code = "", responseCode, command = "" }: SmtpError): Outcome {
  const isOfMail = /^(EENVELOPE|EMESSAGE)$/.test(code) && responseCode !== undefined && responseCode !== 421;
  const reason = responseCode === undefined ? `SMTP_${code || "FAILED"}` : `SMTP_${responseCode}`;
  if (isOfMail && responseCode >= 500) return { kind: "refused", reason };
  // An address that cannot be written into an envelope never reached the server.
  if (code === "EENVELOPE" && responseCode === undefined && command === "API") return { kind: "refused", reason };
  return { kind: "retry", reason, broken: !isOfMail };
}
