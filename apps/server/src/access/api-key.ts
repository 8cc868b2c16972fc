import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * `mcph_<id>_<secret><checksum>`: a prefix that secret scanners find, 12 characters that name the key in lists and
 * records, 256 random bits, and a checksum by which a scanner tells a key from noise without asking us.
 */
const FORMAT = /^mcph_([0-9a-z]{12})_[0-9A-Za-z]{49}$/;
const SECRET_BYTES = 32;
/** Base 62 digits of 256 bits, and of 32. */
const SECRET_CHARS = 43;
const CHECKSUM_CHARS = 6;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_CHARS = 12;

/** What starts every API key. */
export const API_KEY_PREFIX = "mcph_";

/** A new key: what is given to its holder, and what is kept. */
export interface NewApiKey {
  readonly id: string;
  /** The key itself; to be shown once and kept nowhere. */
  readonly token: string;
  readonly hash: string;
}

/** Makes a key out of the system's randomness. */
export function newApiKey(): NewApiKey {
  const id = inBase(BigInt(`0x${randomBytes(9).toString("hex")}`), 36n, ID_CHARS).toLowerCase();
  const secret = inBase(BigInt(`0x${randomBytes(SECRET_BYTES).toString("hex")}`), 62n, SECRET_CHARS);
  const body = `${API_KEY_PREFIX}${id}_${secret}`;
  const token = `${body}${checksumOf(body)}`;
  return { id, token, hash: hashOf(token) };
}

/** The id inside a key; `undefined` for text that is no key or has a typing error. */
export function idOf(token: string): string | undefined {
  const id = FORMAT.exec(token)?.[1];
  const body = token.slice(0, -CHECKSUM_CHARS);
  return id !== undefined && checksumOf(body) === token.slice(-CHECKSUM_CHARS) ? id : undefined;
}

/** `sha256:<hex>`. A fast hash is right for a secret of 256 random bits: there is nothing to guess. */
export function hashOf(token: string): string {
  return `sha256:${createHash("sha256").update(token).digest("hex")}`;
}

/** Compares two hashes in time that does not depend on where they differ. */
export function sameHash(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function checksumOf(body: string): string {
  return inBase(BigInt(crc32(body)), 62n, CHECKSUM_CHARS);
}

/** Exactly `chars` digits, the most significant first; what does not fit is cut off. */
function inBase(value: bigint, base: bigint, chars: number): string {
  let text = "";
  for (let rest = value; text.length < chars; rest /= base) text = `${DIGITS[Number(rest % base)] ?? ""}${text}`;
  return text;
}
