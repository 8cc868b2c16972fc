import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Clock } from "@mcp-hangar/core";
import {
  type AuthenticationFailure,
  type Caller,
  type Decision,
  type Door,
  LIBRARY_CLIENT,
  type TelemetryBus,
} from "@mcp-hangar/telemetry";
import { addressKey } from "../http/address-key.ts";
import type { Refusal } from "../http/answer.ts";
import type { RequestOrigin } from "../http/client-address.ts";
import { doorOf } from "../http/door-of.ts";
import { Turns } from "../http/turns.ts";
import { userAgentOf } from "../http/user-agent.ts";
import type { Access, Identification, Item } from "./access.ts";
import { API_KEY_PREFIX } from "./api-key.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { KnownCallers } from "./known-callers.ts";
import { Lockout } from "./lockout.ts";
import type { AuthOptions } from "./options.ts";
import type { Permission } from "./permissions.ts";
import type { ProtectedResource } from "./protected-resource.ts";
import type { Roles } from "./roles.ts";
import { Successes } from "./successes.ts";
import type { Tokens } from "./tokens.ts";

/** How long a verified token is believed without another look at the issuer's keys, in ms. */
const TOKEN_TRUST_MS = 60_000;
/** When to come back while an issuer cannot be reached, in seconds. */
const UNAVAILABLE_RETRY_S = 5;
/** A key that was revoked or a token that has run out since its request came. */
const ENDED: Decision = { result: "denied", by: "access has ended" };

/** What access control is made of. */
export interface AccessControlParts {
  readonly options: Pick<AuthOptions, "lockout" | "success_interval_s">;
  readonly roles: Roles;
  readonly keys: ApiKeys | undefined;
  readonly tokens: Pick<Tokens, "verify"> | undefined;
  readonly origin: RequestOrigin;
  readonly resource: ProtectedResource;
  readonly bus: TelemetryBus;
  readonly clock: Clock;
  /** By which keys and tokens expire. */
  readonly expiry: Pick<Clock, "wallMs">;
  /** Who was known is looked at anew when keys change. */
  readonly known: KnownCallers;
}

type Credential =
  | { readonly kind: "none" | "several" | "unusable" }
  | { readonly kind: "api_key" | "token"; readonly text: string };

/** Access with authentication: nobody may do anything without proof and without a role. */
export class AccessControl implements Access {
  readonly enabled = true;
  readonly #parts: AccessControlParts;
  readonly #lockout: Lockout;
  readonly #successes: Successes;
  /** Verifying a signature costs time: addresses from which nothing but failures came wait for themselves. */
  readonly #turns = new Turns();
  /** When the token of a caller expires, in milliseconds since the epoch. */
  readonly #untilMs = new WeakMap<Caller, number>();

  constructor(parts: AccessControlParts) {
    this.#parts = parts;
    this.#lockout = new Lockout(parts.options.lockout, parts.clock);
    this.#successes = new Successes(parts.options.success_interval_s * 1_000, parts.clock);
  }

  /** Locks out and tells of successes by other rules from now on; what has failed so far goes on counting. */
  configure({ lockout, success_interval_s: interval }: AccessControlParts["options"]): void {
    this.#lockout.configure(lockout);
    this.#successes.configure(interval * 1_000);
  }

  /** A promise only for a token that was not seen before. */
  identify(request: IncomingMessage): Identification | Promise<Identification> {
    const known = this.#parts.known.find(request.headers, this.#parts.expiry.wallMs());
    const identified = known ?? this.#prove(request, credentialOf(request.headers));
    if (identified instanceof Promise) return identified.then((settled) => this.#told(request, settled));
    return this.#told(request, identified);
  }

  permits(caller: Caller, permission: Permission): boolean {
    const now = this.#current(caller);
    return now !== undefined && this.#parts.roles.permits(now, permission);
  }

  admits(caller: Caller, server: string, tool: string, permission?: Permission): boolean {
    const now = this.#current(caller);
    return now !== undefined && this.#parts.roles.admits(now, server, tool, permission);
  }

  shows(caller: Caller, server: string, item: Item, permission?: Permission): boolean {
    const now = this.#current(caller);
    return now !== undefined && this.#parts.roles.shows(now, server, item, permission);
  }

  decide(caller: Caller, server: string, tool: string): Decision {
    const now = this.#current(caller);
    return now === undefined ? ENDED : this.#parts.roles.decide(now, server, tool);
  }

  reaches(caller: Caller, server: string, permission?: Permission): boolean {
    const now = this.#current(caller);
    return now !== undefined && this.#parts.roles.reaches(now, server, permission);
  }

  reachesAll(caller: Caller, permission?: Permission): boolean {
    const now = this.#current(caller);
    return now !== undefined && this.#parts.roles.reachesAll(now, permission);
  }

  rightsOf(caller: Caller): string {
    const now = this.#current(caller);
    return now === undefined ? ENDED.by : this.#parts.roles.rightsOf(now);
  }

  /**
   * A key that is revoked, or a token that expires, ends what was begun with it, too: batches, streams, subscriptions. With a
   * key that has other roles by now, they go on with those.
   */
  #current(caller: Caller): Caller | undefined {
    const { keys, expiry } = this.#parts;
    if (caller.type === "api_key") return keys?.current(caller);
    return caller.type === "jwt" && (this.#untilMs.get(caller) ?? 0) <= expiry.wallMs() ? undefined : caller;
  }

  /** Verifies first and looks at failures then: many may share an address, and a good credential is good from everywhere. */
  #prove(request: IncomingMessage, credential: Credential): Identification | Promise<Identification> {
    const { keys, tokens } = this.#parts;
    const address = this.#parts.origin.address(request);
    // Honest clients begin without credentials, to learn where to get some.
    if (credential.kind === "none") return this.#refuse(request, address, "no_credentials");
    switch (credential.kind) {
      case "several":
        return this.#fail(request, address, "several_credentials");
      case "unusable":
        return this.#fail(request, address, "unusable_credentials");
      case "api_key":
        if (keys === undefined) return this.#fail(request, address, "api_keys_not_accepted");
        return this.#proveKey(request, address, credential.text, keys);
      case "token":
        if (tokens === undefined) return this.#fail(request, address, "tokens_not_accepted");
        return this.#lockout.lockedMs(addressKey(address)) === 0
          ? this.#proveToken(request, address, credential.text, tokens)
          : this.#turns.take(addressKey(address), () => this.#proveToken(request, address, credential.text, tokens));
    }
  }

  #proveKey(request: IncomingMessage, address: string, text: string, keys: ApiKeys): Identification {
    const verdict = keys.verify(text);
    if (verdict.kind === "failed") {
      // Whether or not there is such a key: that is not to be learned from the answer.
      return this.#fail(request, address, verdict.reason, verdict.id);
    }
    // Ids are no secrets: what others try under the id of a key must not shut out who has the key.
    this.#lockout.succeeded(`key ${verdict.key.id}`);
    const { known, expiry } = this.#parts;
    return known.remember(
      request.headers,
      { caller: verdict.key.caller, untilMs: verdict.key.expiresMs, key: verdict.key },
      expiry.wallMs(),
    );
  }

  async #proveToken(
    request: IncomingMessage,
    address: string,
    text: string,
    tokens: Pick<Tokens, "verify">,
  ): Promise<Identification> {
    // A client that has left while others had their turn wants to know nothing any more.
    if (request.socket.destroyed) return this.#refuse(request, address, "client_left");
    const verdict = await tokens.verify(text);
    switch (verdict.kind) {
      case "caller": {
        const nowMs = this.#parts.expiry.wallMs();
        const untilMs = Math.min(verdict.expiresMs, nowMs + TOKEN_TRUST_MS);
        this.#untilMs.set(verdict.caller, verdict.expiresMs);
        return this.#parts.known.remember(request.headers, { caller: verdict.caller, untilMs, key: undefined }, nowMs);
      }
      case "failed":
        // Honest clients with a token that has run out must learn that they need another one, whoever shares their address.
        return verdict.expected
          ? this.#refuse(request, address, verdict.reason)
          : this.#fail(request, address, verdict.reason);
      case "insufficient_scope": {
        this.#report(request, address, "insufficient_scope");
        const headers = { "www-authenticate": this.#parts.resource.challenge(request, "insufficient_scope") };
        return refused(403, "insufficient_scope", "the token lacks a scope that this gateway asks for", headers);
      }
      case "unavailable": {
        this.#report(request, address, "issuer_unavailable");
        const message = "the token cannot be checked now, because the keys of its issuer cannot be fetched; try again";
        return refused(503, "issuer_unavailable", message, { "retry-after": String(UNAVAILABLE_RETRY_S) });
      }
    }
  }

  /** Tells of a success, if it is not one of those that were told of lately. */
  #told(request: IncomingMessage, identified: Identification): Identification {
    if (identified.kind === "refused") return identified;
    const { bus, clock, origin } = this.#parts;
    const { caller } = identified;
    const door = doorOfRequest(request);
    const address = origin.address(request);
    if (this.#successes.isDue(caller, { door, address })) {
      const client = { ...LIBRARY_CLIENT, transport: "http", address: address || undefined } as const;
      bus.emit({
        type: "authentication.succeeded",
        timeMs: clock.wallMs(),
        door,
        caller,
        client: { ...client, userAgent: userAgentOf(request) },
      });
    }
    return identified;
  }

  /** Refuses what is certainly not valid, and counts it against its address, and the key whose id it names. */
  #fail(request: IncomingMessage, address: string, reason: AuthenticationFailure, keyId?: string): Identification {
    const subjects = [addressKey(address), ...(keyId === undefined ? [] : [`key ${keyId}`])];
    const lockedMs = Math.max(...subjects.map((subject) => this.#lockout.lockedMs(subject)));
    if (lockedMs > 0) return this.#locked(request, address, lockedMs);
    for (const subject of subjects) this.#lockout.failed(subject);
    return this.#refuse(request, address, reason);
  }

  /** One answer to whatever is wrong with credentials: the reason is for the records. */
  #refuse(request: IncomingMessage, address: string, reason: AuthenticationFailure): Identification {
    this.#report(request, address, reason);
    const presented = reason !== "no_credentials";
    const message = presented
      ? "the credentials are not valid; send a valid API key or token"
      : "credentials are missing; send Authorization: Bearer with an API key or token";
    const challenge = this.#parts.resource.challenge(request, presented ? "invalid_token" : undefined);
    return refused(401, "unauthenticated", message, { "www-authenticate": challenge });
  }

  #locked(request: IncomingMessage, address: string, lockedMs: number): Identification {
    this.#report(request, address, "locked_out");
    const seconds = Math.ceil(lockedMs / 1_000);
    const message = `too many failed attempts; try again in ${seconds} s`;
    return refused(429, "locked_out", message, { "retry-after": String(seconds) });
  }

  #report(request: IncomingMessage, address: string, reason: AuthenticationFailure): void {
    const { bus, clock } = this.#parts;
    const door = doorOfRequest(request);
    bus.emit({
      type: "authentication.failed",
      timeMs: clock.wallMs(),
      door,
      reason,
      remoteAddress: address === "" ? undefined : address,
      origin: originOf(door, request.method),
    });
  }
}

function doorOfRequest({ url = "" }: IncomingMessage): Door {
  const query = url.indexOf("?");
  return doorOf(query === -1 ? url : url.slice(0, query));
}

/** Over MCP, calls are posted; a GET opens a stream. */
function originOf(door: Door, method: string | undefined): "mcp" | "rest" | undefined {
  if (door === "mcp") return method === "POST" ? "mcp" : undefined;
  return door === "rest" ? "rest" : undefined;
}

function refused(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>>,
): Identification {
  const refusal: Refusal = { status, code, message, headers };
  return { kind: "refused", refusal };
}

function credentialOf({ authorization, "x-api-key": apiKey }: IncomingHttpHeaders): Credential {
  if (authorization !== undefined && apiKey !== undefined) return { kind: "several" };
  if (apiKey !== undefined)
    return typeof apiKey === "string" ? { kind: "api_key", text: apiKey.trim() } : { kind: "several" };
  if (authorization === undefined) return { kind: "none" };
  const token = /^Bearer +([^\s]+)$/i.exec(authorization)?.[1];
  if (token === undefined) return { kind: "unusable" };
  return { kind: token.startsWith(API_KEY_PREFIX) ? "api_key" : "token", text: token };
}
