import { createHash } from "node:crypto";

/** Characters of a name that model APIs accept (Anthropic, OpenAI: `^[a-zA-Z0-9_-]{1,64}$`). */
export const NAME_CHARS_MAX = 64;
/** Hexadecimal digits of SHA-256 at the end of a shortened name: 40 bits, too many for two names to meet by chance. */
const DIGITS = 10;
/** The same of names that do meet, because a server computed them: 128 bits. */
const DIGITS_OF_COLLISIONS = 32;
const SHORTENED = new RegExp(`_(?:[0-9a-f]{${DIGITS}}|[0-9a-f]{${DIGITS_OF_COLLISIONS}})$`);

/** Hexadecimal digits that stand for a text, at least {@link DIGITS_OF_COLLISIONS}. */
export type Digest = (text: string) => string;

const sha256: Digest = (text) => createHash("sha256").update(text).digest("hex");

/** Whether a name looks as if it had been shortened. */
export function isShortened(name: string): boolean {
  return name.length === NAME_CHARS_MAX && SHORTENED.test(name);
}

/** Whether a name is used as it is. One that looks shortened is not: a server could give it to a tool to take the place of another. */
export function isShort(name: string): boolean {
  return name.length <= NAME_CHARS_MAX && !isShortened(name);
}

/**
 * A name of at most {@link NAME_CHARS_MAX} characters that stands for `name` whatever else there is. `kept` characters at its beginning
 * have to survive: a name that would lose some of them ends in a digest that nobody can aim at another's.
 */
export function shortName(name: string, kept: number, digest: Digest = sha256): string {
  if (isShort(name)) return name;
  return withDigest(name, digest, kept > NAME_CHARS_MAX - DIGITS - 1 ? DIGITS_OF_COLLISIONS : DIGITS);
}

/**
 * Short names of all `names` that are not short themselves, by name. Names whose digests agree all get longer ones, so that each has
 * its own, and in whatever order they come.
 */
export function shortNames(
  names: Iterable<string>,
  kept: number,
  digest: Digest = sha256,
): ReadonlyMap<string, string> {
  const short = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const name of names) {
    if (isShort(name) || short.has(name)) continue;
    const wanted = shortName(name, kept, digest);
    const other = taken.get(wanted);
    if (other === undefined) taken.set(wanted, name);
    else short.set(other, withDigest(other, digest, DIGITS_OF_COLLISIONS));
    short.set(name, other === undefined ? wanted : withDigest(name, digest, DIGITS_OF_COLLISIONS));
  }
  return short;
}

function withDigest(name: string, digest: Digest, digits: number): string {
  return `${name.slice(0, NAME_CHARS_MAX - digits - 1)}_${digest(name).slice(0, digits)}`;
}
