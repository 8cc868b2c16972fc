import { joined } from "../joined.ts";
import { SkippedEvent } from "./skipped-event.ts";

/** Where a {@link SseParser} delivers. */
export interface SseSink {
  /** One complete event; `data` may be a view of a chunk that was pushed. `type` is "message" unless the event names one. */
  onEvent(data: Buffer, type: string): void;
  /** An event outgrew the limit and has ended. Where it is absent, such an event ends the stream. */
  readonly onTooLarge?: ((event: SkippedEvent) => void) | undefined;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const NOTHING = Buffer.alloc(0);
const LINE_BREAK = Buffer.from("\n");
/** Bytes of an event's type and of its id. */
const FIELD_BYTES_MAX = 4_096;
/** Pieces that an event may have: a thousand, and one for so many of its bytes. */
const PIECES_MIN = 1_000;
const BYTES_A_PIECE = 64;

/**
 * Incremental parser of `text/event-stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html) over bytes,
 * so that a chunk may end anywhere, inside a character too, and data reaches the JSON decoder without a copy.
 */
export class SseParser {
  readonly #sink: SseSink;
  readonly #eventBytesMax: number;
  readonly #piecesMax: number;
  /** The beginning of a line whose end has not arrived. */
  #pieces: Buffer[] = [];
  #data: Buffer[] = [];
  #bufferedBytes = 0;
  /** Pieces of the event so far: lines without any bytes must not be free. */
  #pieceCount = 0;
  #lines = 0;
  /** The event that is too large and has not ended. */
  #skipped: SkippedEvent | undefined;
  #type = "message";
  #id: string | undefined;
  #lastEventId: string | undefined;
  #retryMs: number | undefined;
  /** The last chunk ended in CR: a LF that follows belongs to the same line break. */
  #afterCr = false;
  /** Bytes of a byte order mark seen at the start of the stream; 3 once the question is settled. */
  #bomBytes = 0;

  /** `eventBytesMax` bounds what is buffered for one event. */
  constructor(sink: SseSink, eventBytesMax: number) {
    this.#sink = sink;
    this.#eventBytesMax = eventBytesMax;
    this.#piecesMax = PIECES_MIN + eventBytesMax / BYTES_A_PIECE;
  }

  /** The id of the last complete event that had one; an empty id takes it back. */
  get lastEventId(): string | undefined {
    return this.#lastEventId === "" ? undefined : this.#lastEventId;
  }

  /** Lines so far, of whatever kind: each costs about as much. */
  get lines(): number {
    return this.#lines;
  }

  /** Milliseconds the server wants to pass before a reconnect. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** Parses on; false when an event outgrew the limit and is not skipped, after which the stream must be dropped. */
  push(piece: Buffer): boolean {
    const chunk = this.#behindSkipped(this.#bomBytes < BOM.length ? this.#withoutBom(piece) : piece);
    if (chunk.length === 0) return true;
    let start = this.#afterCr && chunk[0] === LF ? 1 : 0;
    this.#afterCr = false;
    let lf = chunk.indexOf(LF, start);
    let cr = chunk.indexOf(CR, start);
    while (lf !== -1 || cr !== -1) {
      const end = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      this.#endLine(chunk, start, end);
      start = end + 1;
      if (end === cr) {
        if (start === chunk.length) this.#afterCr = true;
        else if (chunk[start] === LF) start++;
        cr = chunk.indexOf(CR, start);
      }
      if (lf !== -1 && lf < start) lf = chunk.indexOf(LF, start);
    }
    if (start < chunk.length) {
      this.#pieces.push(chunk.subarray(start));
      this.#bufferedBytes += chunk.length - start;
      this.#pieceCount++;
    }
    if (this.#bufferedBytes <= this.#eventBytesMax && this.#pieceCount <= this.#piecesMax) return true;
    if (this.#sink.onTooLarge === undefined) return false;
    this.#skipped = new SkippedEvent(this.#data, this.#pieces, this.#afterCr);
    this.#afterCr = false;
    this.#pieces = [];
    this.#forgetEvent();
    return true;
  }

  /** What of a chunk does not belong to an event that is skipped. */
  #behindSkipped(chunk: Buffer): Buffer {
    const skipped = this.#skipped;
    if (skipped === undefined) return chunk;
    const rest = skipped.push(chunk);
    if (rest === undefined) return NOTHING;
    this.#skipped = undefined;
    this.#sink.onTooLarge?.(skipped);
    return rest;
  }

  /** The stream ended as it should: an event that only lacks the blank line behind it is delivered. */
  end(): void {
    if (this.#pieces.length === 0) this.#dispatch();
  }

  #endLine(chunk: Buffer, start: number, end: number): void {
    this.#lines++;
    if (this.#pieces.length === 0) {
      this.#line(chunk, start, end);
      return;
    }
    this.#pieces.push(chunk.subarray(start, end));
    const line = joined(this.#pieces);
    this.#pieces = [];
    this.#bufferedBytes -= line.length - (end - start);
    this.#line(line, 0, line.length);
  }

  #line(buffer: Buffer, start: number, end: number): void {
    if (start === end) {
      this.#dispatch();
      return;
    }
    if (isDataField(buffer, start, end)) {
      this.#addData(fieldValue(buffer, start + 5, end));
      return;
    }
    const colon = buffer.indexOf(COLON, start);
    // A line that starts with a colon is a comment; servers send them to keep connections alive.
    if (colon === start) return;
    if (colon === -1 || colon >= end) this.#field(buffer.toString("latin1", start, end), NOTHING);
    else this.#field(buffer.toString("latin1", start, colon), fieldValue(buffer, colon + 1, end));
  }

  #field(name: string, value: Buffer): void {
    switch (name) {
      case "data":
        this.#addData(value);
        break;
      case "event":
        this.#type = value.toString("utf8", 0, FIELD_BYTES_MAX);
        break;
      case "id":
        // An id goes back in a header; a longer one would be refused there.
        if (value.length <= FIELD_BYTES_MAX && !value.includes(0)) this.#id = value.toString("utf8");
        break;
      case "retry": {
        const digits = value.toString("latin1");
        if (/^\d{1,9}$/.test(digits)) this.#retryMs = Number(digits);
        break;
      }
      default:
      // Other fields are to be ignored.
    }
  }

  #addData(value: Buffer): void {
    this.#data.push(value);
    this.#bufferedBytes += value.length;
    this.#pieceCount++;
  }

  #dispatch(): void {
    if (this.#id !== undefined) this.#lastEventId = this.#id;
    this.#id = undefined;
    const type = this.#type === "" ? "message" : this.#type;
    this.#type = "message";
    const [first] = this.#data;
    if (first === undefined) return;
    const data = this.#data.length === 1 ? first : joinLines(this.#data);
    this.#forgetEvent();
    this.#sink.onEvent(data, type);
  }

  #forgetEvent(): void {
    this.#data = [];
    this.#bufferedBytes = 0;
    this.#pieceCount = 0;
  }

  #withoutBom(chunk: Buffer): Buffer {
    let at = 0;
    while (this.#bomBytes < BOM.length && at < chunk.length) {
      if (chunk[at] !== BOM[this.#bomBytes]) {
        // It was no mark after all: what was held back belongs to the first line.
        const held = BOM.subarray(0, this.#bomBytes);
        this.#bomBytes = BOM.length;
        return held.length === 0 ? chunk : Buffer.concat([held, chunk.subarray(at)]);
      }
      this.#bomBytes++;
      at++;
    }
    return chunk.subarray(at);
  }
}

/** Looks for "data:" byte by byte: nearly every line is one, and a call into native code costs more than five compares. */
function isDataField(buffer: Buffer, start: number, end: number): boolean {
  return (
    end - start >= 5 &&
    buffer[start] === 0x64 &&
    buffer[start + 1] === 0x61 &&
    buffer[start + 2] === 0x74 &&
    buffer[start + 3] === 0x61 &&
    buffer[start + 4] === COLON
  );
}

function fieldValue(buffer: Buffer, start: number, end: number): Buffer {
  return buffer.subarray(start < end && buffer[start] === SPACE ? start + 1 : start, end);
}

function joinLines(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [LINE_BREAK, line])));
}
