/** What ends tokens before their time: a token's own id, or that of the login it is of. */
export interface Revocation {
  readonly id: string;
  /** When the last token that it ends would have ended by itself, in seconds since 1970. */
  readonly exp: number;
}

/**
 * What was revoked, as far as this node has heard: kept until the tokens would have ended by themselves. Some 100 bytes
 * each.
 */
export class Revocations {
  readonly #ends = new Map<string, number>();
  readonly #listeners = new Set<(id: string) => void>();

  get size(): number {
    return this.#ends.size;
  }

  has(id: string): boolean {
    return this.#ends.has(id);
  }

  /** Keeps what was revoked. Those who listen hear of each once. */
  add({ id, exp }: Revocation): void {
    const known = this.#ends.get(id);
    if (known === undefined || known < exp) this.#ends.set(id, exp);
    if (known === undefined) for (const listener of this.#listeners) listener(id);
  }

  /** Has somebody told of what is revoked from now on. */
  listen(listener: (id: string) => void): void {
    this.#listeners.add(listener);
  }

  /** Forgets what ends nothing any more. */
  forget(now: number): void {
    for (const [id, exp] of this.#ends) if (exp <= now) this.#ends.delete(id);
  }
}
