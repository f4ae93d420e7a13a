import type { DomainService } from "../../../platform/service.ts";
import type { Turns } from "../../../platform/turns.ts";
import type { Recorder } from "../audit/record.ts";
import type { KeyRing } from "../crypto/key-ring.ts";
import type { UsualAddresses } from "../customers/usual-addresses.ts";
import type { GuessLimit } from "./guess-limit.ts";

/** A client as its table has it. */
export interface ClientRow {
  readonly id: string;
  readonly tenant: string;
  readonly secretHash: string;
  /** What is good beside it, until then. */
  readonly previousSecretHash: string | null;
  readonly previousSecretUntil: Date | null;
  readonly epoch: string;
  readonly scopes: readonly string[];
  readonly grants: readonly string[];
  readonly active: boolean;
}

/** The service of identities: what its handlers need beside the database. */
export interface AuthService extends DomainService {
  /** The clients' table, through moleculer-db's adapter. */
  readonly adapter: { rows<R extends object>(options: { where: object; limit: number }): Promise<R[]> };
  /** Of secrets and passwords, by address and whose they would be. */
  readonly guesses: GuessLimit;
  /** Of passwords by address alone: one password may be tried with very many names. */
  readonly guessesOfAddress: GuessLimit;
  /** Of an account's passwords, from all addresses together, and those from which it is not asked. */
  readonly guessesOfAccount: GuessLimit;
  readonly usualAddresses: UsualAddresses;
  /** Hashing takes a thread of libuv's for long, so it gets some of them only. */
  readonly hashing: Turns;
  readonly keys: KeyRing;
  /** When the age of the key that signs was looked at last. */
  readonly memory: { agedAt: number };
  /** Puts an entry into the audit log. */
  readonly record: Recorder;
}
