import { BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, COLON, COMMA, OPEN_LIST, OPEN_OBJECT, QUOTE } from "./json-bytes.ts";
import { NESTING_MAX } from "./nesting.ts";
import { escapeLength, PlainText } from "./string-text.ts";

/** Where a value lies in the bytes; the end is exclusive. */
export interface ValueRange {
  readonly start: number;
  readonly end: number;
}

type State =
  | "value"
  | "first item"
  | "first key"
  | "key"
  | "colon"
  | "after"
  | "in string"
  | "in key"
  | "invalid"
  | "too deep"
  | "too much";

/** Whether a document was read to its end, and what it is. */
export type ScanOutcome = "more" | "valid" | "invalid" | "too deep" | "too much";

const RESOURCE = Array.from(Buffer.from("resource"));

/** Lengths of the names that the protocol gives a meaning: `id`, `task`, `error`, `result`, `jsonrpc`, `resultType` and the like. */
const NAME_LENGTHS: ReadonlySet<number> = new Set([2, 4, 5, 6, 7, 10]);
/** Bytes of the longest of them when every character is written as an escape. */
const ESCAPED_NAME_BYTES_MAX = 60;
/** A number of this many bytes may be one that no double holds, and is kept apart. */
const ODD_NUMBER_BYTES = 16;
/** What one of those costs beyond any other value. */
const ODD_NUMBER_VALUES = 3;

/**
 * Reads JSON without building it: whether it is valid, how much it would be, and where the members of the outermost object lie.
 * It can be interrupted anywhere, so that a document of any size holds the event loop only as long as the caller wants.
 */
export class JsonScan {
  readonly #bytes: Buffer;
  readonly #text: PlainText;
  readonly #valuesMax: number;
  #values = 0;
  #namesResource = false;
  readonly #isObject = new Uint8Array(NESTING_MAX + 1);
  readonly #members = new Map<string, ValueRange>();
  readonly #innerMembers = new Map<string, ValueRange>();
  #state: State = "value";
  #at = 0;
  #depth = 0;
  #stringStart = 0;
  /** Keys under which the first and the second level are just now, and where their values began. */
  #key = "";
  #innerKey = "";
  #start = 0;
  #innerStart = 0;

  /** A document of more than `valuesMax` values is not read to its end. */
  constructor(bytes: Buffer, valuesMax = Number.POSITIVE_INFINITY) {
    this.#bytes = bytes;
    this.#text = new PlainText(bytes);
    this.#valuesMax = valuesMax;
  }

  /** Values of all kinds and names of members so far: what makes it expensive to build the document. */
  get values(): number {
    return this.#values;
  }

  /** Whether a string so far begins with `resource` and is no name of a member: the types of links and of embedded resources do. */
  get namesResource(): boolean {
    return this.#namesResource;
  }

  /** Reads on, to about `until`. */
  run(until: number): ScanOutcome {
    const end = Math.min(until, this.#bytes.length);
    while (this.#at < end && !this.#isOver()) this.#step(end);
    if (this.#state === "invalid" || this.#state === "too deep" || this.#state === "too much") return this.#state;
    if (this.#at < this.#bytes.length) return "more";
    return this.#depth === 0 && this.#state === "after" ? "valid" : "invalid";
  }

  #isOver(): boolean {
    if (this.#values > this.#valuesMax) this.#state = "too much";
    return this.#state === "invalid" || this.#state === "too deep" || this.#state === "too much";
  }

  /** How many bytes were read. */
  get bytesRead(): number {
    return this.#at;
  }

  /** The value of a member of the outermost object, the last of that name. */
  member(name: string): ValueRange | undefined {
    return this.#members.get(name);
  }

  /** The value of a member of the object that is the member `result`. */
  memberOfResult(name: string): ValueRange | undefined {
    return this.#innerMembers.get(name);
  }

  #step(end: number): void {
    if (this.#state === "in string" || this.#state === "in key") {
      this.#string(end);
      return;
    }
    const byte = this.#bytes[this.#at] ?? 0;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      this.#at++;
      return;
    }
    switch (this.#state) {
      case "first item":
        if (byte === CLOSE_LIST) this.#close(0);
        else this.#value(byte);
        break;
      case "value":
        this.#value(byte);
        break;
      case "first key":
        if (byte === CLOSE_OBJECT) this.#close(1);
        else this.#openKey(byte);
        break;
      case "key":
        this.#openKey(byte);
        break;
      case "colon":
        this.#at++;
        this.#state = byte === COLON ? "value" : "invalid";
        break;
      case "after":
        this.#separator(byte);
        break;
      case "invalid":
      case "too deep":
      case "too much":
        break;
    }
  }

  #value(byte: number): void {
    this.#values++;
    if (this.#depth === 1) this.#start = this.#at;
    else if (this.#depth === 2) this.#innerStart = this.#at;
    if (byte === QUOTE) {
      this.#at++;
      this.#state = "in string";
      if (this.#bytes[this.#at] === RESOURCE[0]) this.#namesResource ||= startsWithResource(this.#bytes, this.#at);
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      this.#open(byte === OPEN_OBJECT ? 1 : 0);
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      this.#number();
    } else {
      this.#literal(byte === 0x74 ? "true" : byte === 0x66 ? "false" : "null");
    }
  }

  #open(object: 0 | 1): void {
    if (this.#depth >= NESTING_MAX) {
      this.#state = "too deep";
      return;
    }
    // A later member of the same name takes the place of an earlier one, with all that was in it.
    if (this.#depth === 1 && this.#key === "result") this.#innerMembers.clear();
    this.#isObject[++this.#depth] = object;
    this.#at++;
    this.#state = object === 1 ? "first key" : "first item";
  }

  #close(object: 0 | 1): void {
    if (this.#depth === 0 || this.#isObject[this.#depth] !== object) {
      this.#state = "invalid";
      return;
    }
    this.#depth--;
    this.#at++;
    this.#finish();
  }

  #separator(byte: number): void {
    const object = this.#isObject[this.#depth];
    if (this.#depth === 0) this.#state = "invalid";
    else if (byte === COMMA) {
      this.#at++;
      this.#state = object === 1 ? "key" : "value";
    } else if (byte === CLOSE_OBJECT) this.#close(1);
    else if (byte === CLOSE_LIST) this.#close(0);
    else this.#state = "invalid";
  }

  #openKey(byte: number): void {
    this.#values++;
    this.#at++;
    this.#stringStart = this.#at;
    this.#state = byte === QUOTE ? "in key" : "invalid";
  }

  /** A value has ended: where it is one that has a meaning, its place is kept. */
  #finish(): void {
    this.#state = "after";
    const end = this.#at;
    if (this.#depth === 1) this.#members.set(this.#key, { start: this.#start, end });
    else if (this.#depth === 2 && this.#key === "result" && this.#isObject[2] === 1) {
      this.#innerMembers.set(this.#innerKey, { start: this.#innerStart, end });
    }
  }

  #string(end: number): void {
    const bytes = this.#bytes;
    let at = this.#text.endOf(this.#at, end);
    while (at < end) {
      if (bytes[at] === QUOTE) {
        this.#at = at + 1;
        this.#endString(at);
        return;
      }
      const length = bytes[at] === BACKSLASH ? escapeLength(bytes, at + 1) : 0;
      if (length === 0) {
        this.#state = "invalid";
        return;
      }
      at = this.#text.endOf(at + 1 + length, end);
    }
    this.#at = Math.min(at, bytes.length);
  }

  #endString(end: number): void {
    if (this.#state === "in string") {
      this.#finish();
      return;
    }
    this.#state = "colon";
    if (this.#depth === 1) this.#key = this.#nameAt(end);
    else if (this.#depth === 2) this.#innerKey = this.#nameAt(end);
  }

  /** The name that ends there, if it can be one that the protocol gives a meaning; most cost one look at their length. */
  #nameAt(end: number): string {
    const length = end - this.#stringStart;
    if (length > ESCAPED_NAME_BYTES_MAX) return "";
    const text = this.#bytes.toString("latin1", this.#stringStart, end);
    if (NAME_LENGTHS.has(length)) return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
    return length > 10 && text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : "";
  }

  /** `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?` */
  #number(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    if (bytes[at] === 0x2d) at++;
    const whole = at;
    at = afterDigits(bytes, at);
    let valid = at > whole && (bytes[whole] !== 0x30 || at === whole + 1);
    if (bytes[at] === 0x2e) {
      const fraction = at + 1;
      at = afterDigits(bytes, fraction);
      valid &&= at > fraction;
    }
    const exponential = bytes[at] === 0x65 || bytes[at] === 0x45;
    if (exponential) {
      const sign = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d ? 1 : 0;
      const exponent = at + 1 + sign;
      at = afterDigits(bytes, exponent);
      valid &&= at > exponent;
    }
    if (exponential || at - this.#at >= ODD_NUMBER_BYTES) this.#values += ODD_NUMBER_VALUES;
    this.#at = at;
    if (valid) this.#finish();
    else this.#state = "invalid";
  }

  #literal(word: "true" | "false" | "null"): void {
    const end = this.#at + word.length;
    if (this.#bytes.toString("latin1", this.#at, end) !== word) {
      this.#state = "invalid";
      return;
    }
    this.#at = end;
    this.#finish();
  }
}

function startsWithResource(bytes: Buffer, at: number): boolean {
  return RESOURCE.every((byte, index) => bytes[at + index] === byte);
}

function afterDigits(bytes: Buffer, from: number): number {
  let at = from;
  for (let byte = bytes[at] ?? 0; byte >= 0x30 && byte <= 0x39; byte = bytes[at] ?? 0) at++;
  return at;
}
