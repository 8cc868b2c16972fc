import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

/** How the id of a record is found in each format, by the letter of the format. */
export const RECORD_ID: Readonly<Record<string, (line: string) => string | undefined>> = {
  "json-lines": (line) => textAt(JSON.parse(line), "id"),
  ecs: (line) => textAt(JSON.parse(line), "event", "id"),
  ocsf: (line) => textAt(JSON.parse(line), "metadata", "uid"),
  "splunk-hec": (line) => textAt(JSON.parse(line), "event", "id"),
  // An externalId has at most 40 characters; a longer id has a key of its own.
  cef: (line) => / (?:externalId|McpHangarEventId)=(\S+) /.exec(line)?.[1],
  leef: (line) => /\^eventUuid=([^^]+)\^/.exec(line)?.[1],
  syslog: (line) => / id="([^"]+)" /.exec(line)?.[1],
};

/** A receiver of syslog over TCP that takes nothing but octet counting (RFC 6587, 3.4.1). */
export interface CountingReceiver extends AsyncDisposable {
  readonly port: number;
  readonly messages: readonly string[];
}

/** Starts one on loopback. */
export async function startCountingReceiver(): Promise<CountingReceiver> {
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const space = rest.indexOf(" ");
        const bytes = Number(rest.subarray(0, Math.max(space, 0)).toString() || Number.NaN);
        if (space === -1 || rest.length < space + 1 + bytes) return;
        if (!Number.isInteger(bytes)) throw new Error(`no octet count: ${rest.subarray(0, 50).toString()}`);
        messages.push(rest.subarray(space + 1, space + 1 + bytes).toString());
        rest = rest.subarray(space + 1 + bytes);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Reflect.get(at, name);
  }
  return typeof at === "string" ? at : undefined;
}
