import { connect, type Socket } from "node:net";
import { poll } from "@mcp-hangar/testing";

/** A connection on which a test writes the bytes of HTTP itself. */
export interface RawConnection extends Disposable {
  write(bytes: string | Uint8Array): void;
  /** Writes as fast as the peer reads, until everything is written or the peer has closed. */
  pour(chunk: Uint8Array, times: number): Promise<number>;
  /** Everything received so far. */
  received(): string;
  closed(): boolean;
  /** Waits for a complete response, or for the end of the connection (status 0). */
  response(): Promise<RawResponse>;
}

/** A response as far as it arrived. */
export interface RawResponse {
  /** 0 if the connection ended without a response. */
  readonly status: number;
  readonly body: string;
}

/** Opens a connection to the host and port of `url`. */
export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = "";
  let closed = false;
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    received += text;
  });
  // A peer that resets the connection has given its answer.
  socket.on("error", () => {});
  socket.on("close", () => {
    closed = true;
  });
  await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
  return {
    write: (bytes) => {
      socket.write(bytes);
    },
    pour: (chunk, times) => pour(socket, chunk, times),
    received: () => received,
    closed: () => closed,
    response: () => poll("a response or the end of the connection", () => parse(received, closed)),
    [Symbol.dispose]() {
      socket.destroy();
    },
  };
}

/** A POST of JSON to `/mcp` as bytes; `headers` replace or extend the usual ones, `undefined` leaves one out. */
export function postBytes(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string | undefined>> = {},
): Uint8Array {
  const { host, pathname } = new URL(url);
  const bytes = Buffer.from(body as string);
  const all: Record<string, string | undefined> = {
    host,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "content-length": String(bytes.length),
    connection: "close",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return Buffer.concat([Buffer.from(`POST ${pathname} HTTP/1.1\r\n${lines.join("")}\r\n`), bytes]);
}

async function pour(socket: Socket, chunk: Uint8Array, times: number): Promise<number> {
  let written = 0;
  for (; written < times && socket.writable && !socket.destroyed; written += 1) {
    if (socket.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off("drain", done).off("close", done);
        resolve();
      };
      socket.once("drain", done).once("close", done);
    });
  }
  return written * chunk.length;
}

function parse(received: string, closed: boolean): RawResponse | undefined {
  const end = received.indexOf("\r\n\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0);
  if (end < 0) return closed ? { status, body: "" } : undefined;
  const head = received.slice(0, end);
  const body = received.slice(end + 4);
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  const complete = length === undefined ? body.endsWith("0\r\n\r\n") : Buffer.byteLength(body) >= Number(length);
  if (!complete && !closed) return undefined;
  return { status, body: length === undefined ? withoutChunkSizes(body) : body };
}

/** The bodies here are small and ASCII, so a line that is only a hexadecimal number is a chunk size. */
function withoutChunkSizes(body: string): string {
  return body.replaceAll(/(^|\r\n)[0-9a-f]+\r\n/g, "");
}
