/** One HTTP answer: its status, its head as it came, and the body as text. */
export interface HttpAnswer {
  readonly status: number;
  readonly head: string;
  /** Decoded when it is read: whoever only waits for a large answer does not pay for its text. */
  readonly body: string;
}

/**
 * Puts one HTTP answer together from the chunks of a connection.
 *
 * It understands Content-Length and chunked bodies, which is all that an MCP server may send on a connection that stays
 * open, and looks at each byte once, so that an answer of some megabytes does not slow the load generator.
 */
export class AnswerReader {
  readonly #chunks: Buffer[] = [];
  #received = 0;
  #head: Head | undefined;

  /** Takes the next bytes; returns the answer when it is complete. */
  take(chunk: Buffer): HttpAnswer | undefined {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    this.#head ??= readHead(this.#bytes());
    const head = this.#head;
    if (head === undefined) return undefined;
    if (head.length === undefined) return this.#chunked(head);
    const end = head.end + head.length;
    return this.#received < end ? undefined : answer(head, () => this.#bytes().toString("utf8", head.end, end));
  }

  #chunked(head: Head): HttpAnswer | undefined {
    const ending = this.#chunks.at(-1);
    // The last chunk is empty. This is a cheap sign of it; only the whole body can tell for sure.
    if (ending === undefined || (ending.length >= 5 && !ending.subarray(-5).equals(lastChunk))) return undefined;
    const body = dechunk(this.#bytes(), head.end);
    return body === undefined ? undefined : answer(head, () => body.toString("utf8"));
  }

  #bytes(): Buffer {
    const [first, ...more] = this.#chunks;
    if (first !== undefined && more.length === 0) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks.splice(0, this.#chunks.length, all);
    return all;
  }
}

/** The value of a header field whose name is given in lower case, or undefined; the value keeps its case. */
export function field(head: string, name: string): string | undefined {
  const at = head.toLowerCase().indexOf(`\r\n${name}: `);
  if (at < 0) return undefined;
  const start = at + name.length + 4;
  const end = head.indexOf("\r\n", start);
  return head.slice(start, end < 0 ? head.length : end);
}

interface Head {
  readonly text: string;
  /** Where the body begins, in bytes. */
  readonly end: number;
  /** Length of the body in bytes; undefined when it comes in chunks. */
  readonly length: number | undefined;
}

const lastChunk = Buffer.from("0\r\n\r\n");

function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const text = bytes.toString("latin1", 0, end);
  const length = field(text, "content-length");
  const chunked = field(text, "transfer-encoding") === "chunked";
  return { text, end: end + 4, length: chunked ? undefined : Number(length ?? 0) };
}

function answer(head: Head, body: () => string): HttpAnswer {
  return {
    status: Number(head.text.slice(9, 12)),
    head: head.text,
    get body() {
      return body();
    },
  };
}

function dechunk(bytes: Buffer, start: number): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
