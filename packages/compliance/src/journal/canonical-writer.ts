import { isUnchangeable } from "../unchangeable.ts";

/** What a {@link Writer} makes of a value that is not of the shape that it should have; no JSON is empty. */
export const UNFIT = "";

/**
 * Writes a value as canonical JSON (RFC 8785); `undefined` of a value that is absent, {@link UNFIT} of one that is not of the shape that it
 * should have.
 */
type Writer = (value: unknown) => string | undefined;

/** A writer for each member, none forgotten. Each reads its member by name, which V8 does faster than to look up a name that varies. */
type Members<Shape> = {
  readonly [Name in keyof Required<Shape>]: (shape: Shape) => string | undefined;
};

/** Text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

export const text: Writer = (value) => {
  if (typeof value !== "string") return value === undefined ? undefined : UNFIT;
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value.toWellFormed());
};

/** Texts of which there are few, such as outcomes and types, with what {@link text} makes of them. */
const words = new Map<string, string>();
const WORDS_MAX = 512;
const WORD_CHARS_MAX = 64;

/** Writes a text that is one of few once, and in one piece: V8 would put pieces together anew in each line. */
export const word: Writer = (value) => {
  if (typeof value !== "string") return text(value);
  const known = words.get(value);
  if (known !== undefined) return known;
  const written = JSON.stringify(value.toWellFormed());
  if (words.size < WORDS_MAX && value.length <= WORD_CHARS_MAX) words.set(value, written);
  return written;
};

export const number: Writer = (value) => {
  if (typeof value !== "number") return value === undefined ? undefined : UNFIT;
  return Number.isFinite(value) ? String(value) : UNFIT;
};

export function listOf(write: Writer): Writer {
  return (value) => {
    if (!Array.isArray(value)) return value === undefined ? undefined : UNFIT;
    let written = "[";
    for (const each of value) {
      const entry = write(each);
      if (entry === undefined || entry === UNFIT) return UNFIT;
      written += written.length === 1 ? entry : `,${entry}`;
    }
    return `${written}]`;
  };
}

/** Writes an object with these members and no other. */
export function objectOf<Shape>(members: Members<Shape>): Writer {
  // RFC 8785 orders members by the code units of their names, as this does. The keys are those of `Shape`.
  const names = Object.keys(members).toSorted((one, other) => (one < other ? -1 : 1)) as (keyof Shape & string)[];
  const writers = names.map((name) => members[name]);
  return (value) => {
    if (typeof value !== "object" || value === null) return value === undefined ? undefined : UNFIT;
    // The writers look at each member, and what they do not know is counted.
    const shape = value as Shape & object;
    // In one piece, as words are.
    const pieces: string[] = [];
    for (const [at, write] of writers.entries()) {
      const member = write(shape);
      if (member === undefined) continue;
      if (member === UNFIT) return UNFIT;
      pieces.push(`"${names[at]}":${member}`);
    }
    // Whatever else it has would be left out.
    return pieces.length > 0 && pieces.length === membersIn(shape) ? `{${pieces.join(",")}}` : UNFIT;
  };
}

/** How many members an object has. */
export function membersIn(value: object): number {
  return Object.keys(value).length;
}

/** The members of an object that is written again and again, in the order in which they are added. One function has them all: V8 compiles it once. */
export class MemberList {
  #text = "";
  #count = 0;
  #isFit = true;

  /** Characters so far. */
  get length(): number {
    return this.#text.length;
  }

  /** Adds a member behind what stands before its value; nothing where the value is absent. */
  add(head: string, value: string | undefined): void {
    if (value === undefined) return;
    if (value === UNFIT) this.#isFit = false;
    this.#text += head + value;
    this.#count += 1;
  }

  /** What was added; {@link UNFIT} when something was not of its shape, or it is not so many members. */
  textOf(members: number): string {
    return this.#isFit && this.#count === members ? this.#text : UNFIT;
  }
}

/**
 * Writes an object that is often the same once. Only one that nobody can change is remembered, with what is in it: records of one caller
 * share their actor.
 */
export function onceFor(write: Writer): Writer {
  const written = new WeakMap<object, string>();
  return (value) => {
    if (typeof value !== "object" || value === null) return write(value);
    const known = written.get(value);
    if (known !== undefined) return known;
    const made = write(value);
    if (made !== undefined && made !== UNFIT && isUnchangeable(value)) written.set(value, made);
    return made;
  };
}
