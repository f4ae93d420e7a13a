import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { LRUCache } from "lru-cache";
import { type EncryptionKeys, KEY_BYTES } from "./encryption-keys.ts";
import { takeRandom } from "./random-bytes.ts";

/** The first byte of all that is sealed: how the rest is to be read. */
const FORMAT = 1;
const SALT_BYTES = 12;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";
const VALUES_OF_A_SALT = 1_048_576;
const KEYS_KEPT = 1_000;

/** A sealed value that does not open: by no key that is here, or it is not what was sealed for this place. */
export class DoesNotOpen extends Error {
  override name = "DoesNotOpen";
}

/** The row that a sealed value belongs to: it opens nowhere else. */
export interface SealedPlace {
  readonly tenant: string;
  readonly id: string;
}

/**
 * Seals what a domain keeps that is personal or secret, so that nobody who has the database alone can read it, and opens
 * it again. Every column has keys of its own, derived from the domain's.
 */
export class Sealing {
  readonly #domain: string;
  readonly #keys: EncryptionKeys;
  readonly #columns = new Map<string, SealedColumn>();
  readonly #derivedKeys = new Map<string, Map<string, KeyObject>>();

  /** @param keys the first seals, all open */
  constructor(domain: string, keys: EncryptionKeys) {
    this.#domain = domain;
    this.#keys = keys;
  }

  /** The id of the key that seals. */
  get keyId(): string {
    return this.#first.id;
  }

  /** A column of a table, as `table.column`. */
  column(name: string): SealedColumn {
    let column = this.#columns.get(name);
    if (!column) {
      const place = `${this.#domain}.${name}`;
      // Throws without a key.
      column = new SealedColumn(place, this.#first.id, this.#derived(`seal ${place}`));
      this.#columns.set(name, column);
    }
    return column;
  }

  /**
   * What a value is found by whose text is not kept: a hash that nobody can make, or try out, without the key. One for
   * each key, that of the key that seals first: rows may still have an older one.
   *
   * @param name the column that is looked in, as `table.column`
   */
  indexesOf(name: string, tenant: string, value: string): Buffer[] {
    const keys = this.#derived(`index ${this.#domain}.${name}`);
    return [...keys.values()].map((key) =>
      createHmac("sha256", key)
        .update(JSON.stringify([tenant, value]))
        .digest(),
    );
  }

  get #first(): EncryptionKeys[number] {
    const [first] = this.#keys;
    if (!first) throw new Error(`${this.#domain} has no encryption key: ENCRYPTION_KEYS is not set`);
    return first;
  }

  /** The keys for one purpose, by the ids of those that they are derived from. */
  #derived(purpose: string): Map<string, KeyObject> {
    let keys = this.#derivedKeys.get(purpose);
    if (!keys) {
      keys = new Map(
        this.#keys.map(({ id, secret }) => {
          const derived = hkdfSync("sha256", Buffer.from(secret, "base64"), "", `waybill ${purpose}`, KEY_BYTES);
          return [id, createSecretKey(Buffer.from(derived))];
        }),
      );
      this.#derivedKeys.set(purpose, keys);
    }
    return keys;
  }
}

/**
 * Seals and opens the values of one column: AES-256-GCM, bound to the column, the tenant and the row.
 *
 * GCM's nonces are short: of one key no more than 2^32 values may be sealed with random ones, which is some days of orders.
 * So the column's key seals nothing itself. A process draws a salt, makes a key of it and the column's, and draws the
 * next one long before that. (A key for each value took three times as long: 17 microseconds of CPU against 6.)
 *
 * A sealed value is the format, the length of the key's id and the id, the salt, the nonce, the encrypted text and the tag.
 */
export class SealedColumn {
  readonly #place: string;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #keyId: string;
  /** What all that is sealed by the first key begins with. */
  readonly prefix: Buffer;
  #salted: { readonly salt: Buffer; readonly key: KeyObject; left: number } | undefined;
  /** Keys that were made of salts, by the ids of those that they were made from and the salts. */
  readonly #opening = new LRUCache<string, KeyObject>({ max: KEYS_KEPT });

  constructor(place: string, keyId: string, keys: ReadonlyMap<string, KeyObject>) {
    this.#place = place;
    this.#keys = keys;
    this.#keyId = keyId;
    this.prefix = prefixOf(keyId);
  }

  /** Some 45 bytes longer than the text. */
  seal(place: SealedPlace, text: string): Buffer {
    const { salt, key } = this.#sealingKey();
    const nonce = takeRandom(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce);
    cipher.setAAD(this.#bound(place));
    return Buffer.concat([this.prefix, salt, nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws {@link DoesNotOpen}. */
  open(place: SealedPlace, sealed: Buffer): string {
    const keyId = keyIdOf(sealed);
    if (keyId === undefined || !this.#keys.has(keyId)) {
      const by =
        keyId === undefined ? "in a form that is not known" : `by the key ${keyId}, which is not in ENCRYPTION_KEYS`;
      throw new DoesNotOpen(`${this.#place} is sealed ${by}`);
    }
    const salt = 2 + keyId.length;
    const nonce = salt + SALT_BYTES;
    const text = nonce + NONCE_BYTES;
    const tag = sealed.length - TAG_BYTES;
    if (tag < text) throw new DoesNotOpen(`${this.#place} is too short to be sealed`);
    try {
      const key = this.#openingKey(keyId, sealed.subarray(salt, nonce));
      const decipher = createDecipheriv(CIPHER, key, sealed.subarray(nonce, text), { authTagLength: TAG_BYTES });
      decipher.setAAD(this.#bound(place)).setAuthTag(sealed.subarray(tag));
      return decipher.update(sealed.subarray(text, tag), undefined, "utf8") + decipher.final("utf8");
    } catch (cause) {
      throw new DoesNotOpen(`${this.#place} of ${place.id} does not open: it was changed, or moved here`, { cause });
    }
  }

  #sealingKey(): { readonly salt: Buffer; readonly key: KeyObject } {
    if (!this.#salted || this.#salted.left === 0) {
      const salt = randomBytes(SALT_BYTES);
      this.#salted = { salt, key: this.#openingKey(this.#keyId, salt), left: VALUES_OF_A_SALT };
    }
    this.#salted.left--;
    return this.#salted;
  }

  #openingKey(keyId: string, salt: Buffer): KeyObject {
    const name = keyId + salt.toString("latin1");
    let key = this.#opening.get(name);
    if (!key) {
      key = createSecretKey(
        createHmac("sha256", this.#keys.get(keyId) as KeyObject)
          .update(salt)
          .digest(),
      );
      this.#opening.set(name, key);
    }
    return key;
  }

  #bound({ tenant, id }: SealedPlace): Buffer {
    return Buffer.from(JSON.stringify([this.#place, tenant, id]));
  }
}

/** The id of the key that a value was sealed by; undefined when it is none that is known here. */
export function keyIdOf(sealed: Buffer): string | undefined {
  if (sealed[0] !== FORMAT) return undefined;
  return sealed.toString("latin1", 2, 2 + (sealed[1] ?? 0));
}

function prefixOf(keyId: string): Buffer {
  return Buffer.concat([Buffer.from([FORMAT, keyId.length]), Buffer.from(keyId, "latin1")]);
}
