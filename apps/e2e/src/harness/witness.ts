import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { AuditRecord } from "@mcp-hangar/telemetry";
import { FROM_SOURCE, SOURCE_CONDITION } from "@mcp-hangar/testing";
import { temporaryFolder } from "./temporary-folder.ts";

/** One event that a gateway has emitted. */
export interface WitnessedEvent {
  readonly type: string;
  /** The id that the gateway itself gives to the event. */
  readonly id: string;
  /** What an operation does; absent for other events. */
  readonly effect?: string | undefined;
  /** Absent where the event has none. */
  readonly record?: AuditRecord | undefined;
}

/** Sees every event of a gateway from the inside, folded by nobody. Disposing forgets them. */
export interface Witness extends AsyncDisposable {
  /** For the environment of the gateway, which runs from its sources: only there is its bus the class that is watched. */
  readonly env: Readonly<Record<string, string>>;
  /** All events so far, in their order. */
  readonly events: () => readonly WitnessedEvent[];
}

const PRELOAD = new URL("bus-witness.ts", import.meta.url);
const CHUNK_BYTES = 65_536;

/** Prepares a witness for one gateway, which is to be started with its `env`. */
export async function witness(): Promise<Witness> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder());
  const path = join(folder.path, "events.jsonl");
  const file = openSync(path, "a+");
  cleanup.defer(() => closeSync(file));
  const events: WitnessedEvent[] = [];
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let position = 0;
  let unread = Buffer.alloc(0);
  const owned = cleanup.move();
  return {
    env: { ...FROM_SOURCE, NODE_OPTIONS: `${SOURCE_CONDITION} --import=${PRELOAD.href}`, HANGAR_TEST_WITNESS: path },
    events() {
      for (;;) {
        const bytes = readSync(file, chunk, 0, CHUNK_BYTES, position);
        if (bytes === 0) return events;
        position += bytes;
        unread = Buffer.concat([unread, chunk.subarray(0, bytes)]);
        const end = unread.lastIndexOf("\n") + 1;
        const lines = unread.subarray(0, end).toString().split("\n").slice(0, -1);
        unread = unread.subarray(end);
        // The preload writes one of them a line.
        events.push(...lines.map((line) => JSON.parse(line) as WitnessedEvent));
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
