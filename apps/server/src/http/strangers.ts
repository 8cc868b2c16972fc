import type { IncomingMessage } from "node:http";
import { type Clock, RateLimiter } from "@mcp-hangar/core";
import type { Access, Identification } from "../access/access.ts";
import { addressKey } from "./address-key.ts";
import type { Refusal } from "./answer.ts";
import type { RequestOrigin } from "./client-address.ts";
import type { Denials } from "./denials.ts";
import { doorOf } from "./door-of.ts";

/** Refused and public requests an address may make a second, for good: clients that begin without credentials need few. */
const REQUESTS_PER_SECOND = 50;
/** As many at once, before that: all clients behind one address may begin together. */
const BURST = 500;

/** What strangers are told by. */
export interface StrangersParts {
  readonly access: Pick<Access, "enabled" | "identify">;
  readonly origin: Pick<RequestOrigin, "address">;
  readonly clock: Clock;
  readonly denials: Pick<Denials, "report">;
}

/**
 * Limits by address what is asked by nobody in particular: requests that are refused before anybody is known, and public documents.
 * Who proves who they are is never limited here, however many bad requests come from the same address. Memory is bounded: when ten
 * thousand addresses are known, a new one inherits the fullest bucket.
 */
export class Strangers {
  readonly #parts: StrangersParts;
  readonly #limiter: RateLimiter;

  constructor(parts: StrangersParts) {
    this.#parts = parts;
    this.#limiter = new RateLimiter({ requestsPerSecond: REQUESTS_PER_SECOND, burst: BURST }, parts.clock);
  }

  /** Counts a request of a stranger: why it is not answered, or `undefined` while there is room. */
  refusal(request: IncomingMessage): Refusal | undefined {
    const waitMs = this.#limiter.tryTake(addressKey(this.#parts.origin.address(request)));
    if (waitMs === 0) return undefined;
    const message = `too many requests of this address are refused; try again in ${waitMs} ms, or with valid credentials`;
    const headers = { "retry-after": String(Math.ceil(waitMs / 1_000)) };
    return { status: 429, code: "rate_limited", message, headers };
  }

  /** Finds out who asks. Without credentials that takes no work while too many ask so; with them they are looked at always. */
  identify(request: IncomingMessage): Identification | Promise<Identification> {
    const { access } = this.#parts;
    if (!access.enabled) return access.identify(request);
    const { authorization, "x-api-key": apiKey } = request.headers;
    if (authorization === undefined && apiKey === undefined) {
      const refusal = this.refusal(request);
      if (refusal === undefined) return access.identify(request);
      const [path = ""] = (request.url ?? "").split("?", 1);
      this.#parts.denials.report(request, { door: doorOf(path), reason: "address_limited" });
      return { kind: "refused", refusal };
    }
    const identified = access.identify(request);
    if (identified instanceof Promise) return identified.then((settled) => this.#counted(request, settled));
    return this.#counted(request, identified);
  }

  /** Counts those who were not known; too many of them hear of that instead of what was wrong. */
  #counted(request: IncomingMessage, identified: Identification): Identification {
    if (identified.kind === "caller") return identified;
    const refusal = this.refusal(request);
    return refusal === undefined ? identified : { kind: "refused", refusal };
  }
}
