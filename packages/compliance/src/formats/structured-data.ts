import type { AuditEntry } from "../audit-entry.ts";
import { isUnchangeable } from "../unchangeable.ts";
import { AUDIT_PARTS, type AuditField, type AuditPart, type FieldValue, isEmpty, READERS } from "./audit-fields.ts";
import { cutCodePoints, fieldText, visibleText } from "./field-text.ts";

/** Characters that a value has at first, and when a message is too long. */
export const VALUE_CHARS = [4_000, 1_000, 400, 100, 40, 10, 3] as const;
/** These are never cut: a record is recognised, and its chain followed and its signature checked, by them. */
const UNCUT: ReadonlySet<AuditField> = new Set([
  "id",
  "hash",
  "time",
  "type",
  "code",
  "checkpoint.hash",
  "checkpoint.signature",
]);
const UNCUT_CHARS = 200;
/** Types of which is remembered what their records were like. */
const TYPES_MAX = 128;

/** What an entry says, as parameters of structured data in RFC 5424, each with a space before it; a value has at most so many characters. */
export function parameters(entry: AuditEntry, charsMax: number): string {
  let text = "";
  for (const { of, write } of WRITERS) {
    const object = of(entry.record);
    if (object !== undefined) text += write(entry, { object, charsMax });
  }
  return text;
}

/** Writes the parameters of a part. */
type Write = (entry: AuditEntry, how: { readonly object: object; readonly charsMax: number }) => string;

/** How the value of a parameter is read, what stands before it, and whether it is cut. */
interface Parameter {
  readonly read: (entry: AuditEntry) => FieldValue | undefined;
  readonly head: string;
  readonly isCut: boolean;
}

const KINDS: Readonly<Record<AuditPart["kind"], (list: readonly Parameter[]) => Write>> = {
  own:
    (list) =>
    (entry, { charsMax }) =>
      parametersOf(entry, list, charsMax),
  shared: sharedWriter,
  alike: alikeWriter,
};

const WRITERS = AUDIT_PARTS.map(({ of, kind, fields }) => {
  const list = fields.map((field) => ({ read: READERS[field], head: ` ${field}="`, isCut: !UNCUT.has(field) }));
  return { of, write: KINDS[kind](list) };
});

/** Remembers what was made of an object that nobody can change. */
function sharedWriter(list: readonly Parameter[]): Write {
  const known = new WeakMap<object, string>();
  return (entry, { object, charsMax }) => {
    if (charsMax !== VALUE_CHARS[0]) return parametersOf(entry, list, charsMax);
    const found = known.get(object);
    if (found !== undefined) return found;
    const text = parametersOf(entry, list, charsMax);
    if (isUnchangeable(object)) known.set(object, text);
    return text;
  };
}

/** Remembers the latest of each type: the next has the same values mostly. */
function alikeWriter(list: readonly Parameter[]): Write {
  const known = new Map<string, { readonly values: readonly unknown[]; readonly text: string }>();
  return (entry, { charsMax }) => {
    if (charsMax !== VALUE_CHARS[0]) return parametersOf(entry, list, charsMax);
    const { type } = entry.record;
    const found = known.get(type);
    if (found !== undefined && list.every(({ read }, at) => read(entry) === found.values[at])) return found.text;
    const text = parametersOf(entry, list, charsMax);
    if (found !== undefined || known.size < TYPES_MAX) {
      known.set(type, { values: list.map(({ read }) => read(entry)), text });
    }
    return text;
  };
}

/** In one piece: V8 would put pieces together anew in each message. */
function parametersOf(entry: AuditEntry, list: readonly Parameter[], charsMax: number): string {
  const pieces: string[] = [];
  for (const { read, head, isCut } of list) {
    const value = read(entry);
    if (value === undefined || isEmpty(value)) continue;
    pieces.push(head, parameterValue(fieldText(value), isCut ? charsMax : UNCUT_CHARS), '"');
  }
  return pieces.join("");
}

/** Text that stands in structured data as it is. */
const PLAIN = /^[ !#-[^-~]*$/;

function parameterValue(text: string, charsMax: number): string {
  if (text.length <= charsMax && PLAIN.test(text)) return text;
  return cutCodePoints(visibleText(text), charsMax).replaceAll(/["\\\]]/g, "\\$&");
}
