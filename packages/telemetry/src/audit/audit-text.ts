import type { Caller } from "../participants.ts";
import { CleanTexts } from "../redaction/clean-texts.ts";
import { redactCredential, redactText } from "../redaction/index.ts";

/** Characters of a message, of a name and of a short word in a record. */
export const AUDIT_MESSAGE_CHARS_MAX = 2_000;
export const AUDIT_NAME_CHARS_MAX = 500;
export const AUDIT_WORD_CHARS_MAX = 200;
/** Entries of a list in a record, such as roles, attempts or changed tools. */
export const AUDIT_LIST_MAX = 20;

/** Shorter texts are not looked for: neither known secrets nor tokens are. */
const SECRET_CHARS_MIN = 6;

/**
 * A text as records have it: without secrets, never longer than `charsMax`, and well-formed Unicode. Control characters stay: each
 * encoder escapes what would end its records.
 */
export function auditText(text: string, charsMax = AUDIT_NAME_CHARS_MAX): string {
  if (text.length < SECRET_CHARS_MIN) return text.toWellFormed();
  return limited(redactText(text, charsMax - 1), charsMax);
}

function limited(safe: string, charsMax: number): string {
  return (safe.length > charsMax ? safe.slice(0, charsMax) : safe).toWellFormed();
}

/** The same for the identity of a caller's credential. */
export function auditCredential(caller: Pick<Caller, "type" | "credential">): string {
  return limited(redactCredential(caller, AUDIT_NAME_CHARS_MAX - 1), AUDIT_NAME_CHARS_MAX);
}

const cleanNames = new CleanTexts();

/** The same for a name that many records share, such as that of a server: one in which there was no secret is searched once. */
export function auditName(name: string): string {
  if (cleanNames.has(name)) return name;
  const text = auditText(name);
  if (text === name) cleanNames.add(name);
  return text;
}

/** The same for a text that may be absent. An empty one says nothing and is absent, too. */
export function optionalText(text: string | undefined, charsMax = AUDIT_NAME_CHARS_MAX): string | undefined {
  return text === undefined || text === "" ? undefined : auditText(text, charsMax);
}

/** Cuts a text out of which facts have taken the secrets already; absent when it is, or empty. */
export function cutText(safe: string | undefined, charsMax = AUDIT_NAME_CHARS_MAX): string | undefined {
  if (safe === undefined || safe === "") return undefined;
  return limited(safe, charsMax);
}

/** What {@link auditText} makes of a list, which is cut at {@link AUDIT_LIST_MAX} entries; absent when it is empty. */
export function optionalList(texts: readonly string[] | undefined): readonly string[] | undefined {
  if (texts === undefined || texts.length === 0) return undefined;
  return texts.slice(0, AUDIT_LIST_MAX).map((text) => auditText(text, AUDIT_WORD_CHARS_MAX));
}

/** An object without the fields that have no value. */
export type Present<Fields> = { readonly [Key in keyof Fields]: Exclude<Fields[Key], undefined> };

/** Leaves out what has no value, so that a record has a field only where it says something. */
export function present<Fields extends object>(fields: Fields): Partial<Present<Fields>> {
  const kept: Record<string, unknown> = {};
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key];
  // Each entry was an entry of `fields` with the same key, and is not undefined.
  return kept as Partial<Present<Fields>>;
}
