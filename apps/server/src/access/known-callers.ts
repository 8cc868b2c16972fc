import type { IncomingHttpHeaders } from "node:http";
import type { Caller } from "@mcp-hangar/telemetry";
import type { Identification } from "./access.ts";
import type { ActiveKey } from "./key-entry.ts";

/** Credentials that are remembered, of each kind; the one that was first makes room. */
const REMEMBERED_MAX = 1_000;

/** Somebody who has proved who they are, and how long that holds. */
interface Proof {
  readonly caller: Caller;
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
  /** The key that was used; `undefined` for a token. */
  readonly key: ActiveKey | undefined;
}

interface Remembered {
  readonly identification: Identification;
  readonly untilMs: number;
  readonly key: ActiveKey | undefined;
}

/**
 * Callers by the very text of the header they sent, so that the next request with it costs a look-up. Headers are secrets
 * and stay in this memory only; it is emptied whenever a key changes.
 */
export class KnownCallers {
  readonly #byAuthorization = new Map<string, Remembered>();
  readonly #byApiKey = new Map<string, Remembered>();

  /** Who sent these headers, if that is known and still holds; notes the use of a key. */
  find({ authorization, "x-api-key": apiKey }: IncomingHttpHeaders, nowMs: number): Identification | undefined {
    let known: Remembered | undefined;
    if (authorization !== undefined)
      known = apiKey === undefined ? this.#byAuthorization.get(authorization) : undefined;
    else if (typeof apiKey === "string") known = this.#byApiKey.get(apiKey);
    if (known === undefined || known.untilMs <= nowMs) return undefined;
    if (known.key !== undefined) known.key.lastUsedMs = nowMs;
    return known.identification;
  }

  remember(headers: IncomingHttpHeaders, { caller, untilMs, key }: Proof, nowMs: number): Identification {
    if (key !== undefined) key.lastUsedMs = nowMs;
    const identification: Identification = { kind: "caller", caller };
    const { authorization, "x-api-key": apiKey } = headers;
    if (authorization !== undefined) put(this.#byAuthorization, authorization, { identification, untilMs, key });
    else if (typeof apiKey === "string") put(this.#byApiKey, apiKey, { identification, untilMs, key });
    return identification;
  }

  forget(): void {
    this.#byAuthorization.clear();
    this.#byApiKey.clear();
  }
}

function put(map: Map<string, Remembered>, text: string, remembered: Remembered): void {
  map.delete(text);
  if (map.size >= REMEMBERED_MAX) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(text, remembered);
}
