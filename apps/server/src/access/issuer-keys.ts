import type { Clock } from "@mcp-hangar/core";
import { createLocalJWKSet, errors, type JWTVerifyGetKey, type LocalJWKSet } from "jose";
import { z } from "zod";
import { isLoopback } from "../http/host-names.ts";
import type { FetchJson } from "./fetch-json.ts";

/** After this age keys are fetched anew, in ms, while the old ones go on being used. */
const FRESH_MS = 10 * 60_000;
/** Keys that could not be renewed for this long are no longer believed, in ms: one of them may have been withdrawn. */
const STALE_MS = 24 * 60 * 60_000;
/** Least time between two fetches, in ms: a token with an invented key id must not make us a hammer. */
const COOLDOWN_MS = 30_000;
/** The same while the issuer cannot be reached and there are no keys at all. */
const RETRY_MS = 3_000;
/** Keys of one issuer. */
const KEYS_MAX = 100;

const discovery = z.looseObject({ issuer: z.string(), jwks_uri: z.string() });
const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).max(KEYS_MAX) });

/** Whose keys, and how to get them. */
export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Found by discovery when absent. */
  readonly jwksUri: string | undefined;
  readonly clock: Clock;
  readonly fetchJson: FetchJson;
}

/** The keys are not to be had: nobody's fault who presents a token. */
export class KeysUnavailableError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "KeysUnavailableError";
  }
}

/** The public keys of an issuer: kept, renewed, and fetched again when a token names one that is not known. */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #jwksUri: string | undefined;
  #keys: LocalJWKSet | undefined;
  #fetchedMs = 0;
  #triedMs = Number.NEGATIVE_INFINITY;
  #failure: Error | undefined;
  #fetching: Promise<LocalJWKSet> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
    this.#jwksUri = options.jwksUri;
  }

  /** Finds the key that a token names. Rejects with {@link KeysUnavailableError}, or with an error of jose. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = this.#usable() ?? (await this.#fetched());
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // Perhaps the issuer has a new key since. One fetch answers for all who ask meanwhile.
      if (this.#fetching === undefined && this.#sinceTryMs() < COOLDOWN_MS) {
        if (this.#failure !== undefined) throw this.#unavailable(this.#failure);
        throw error;
      }
      return (await this.#fetched())(header, token);
    }
  };

  /** Keys that may be used; the renewal of old ones runs beside. */
  #usable(): LocalJWKSet | undefined {
    const ageMs = this.#options.clock.nowMs() - this.#fetchedMs;
    if (this.#keys === undefined || ageMs > STALE_MS) return undefined;
    if (ageMs > FRESH_MS && this.#sinceTryMs() >= COOLDOWN_MS) void this.#fetched().catch(() => {});
    return this.#keys;
  }

  #sinceTryMs(): number {
    return this.#options.clock.nowMs() - this.#triedMs;
  }

  #fetched(): Promise<LocalJWKSet> {
    if (this.#fetching === undefined && this.#failure !== undefined && this.#sinceTryMs() < RETRY_MS) {
      return Promise.reject(this.#unavailable(this.#failure));
    }
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<LocalJWKSet> {
    const { clock, fetchJson } = this.#options;
    this.#triedMs = clock.nowMs();
    try {
      this.#jwksUri ??= await this.#discover();
      const set = keySet.safeParse(await fetchJson(this.#jwksUri));
      if (!set.success) throw new Error(`${this.#jwksUri}: no set of at most ${KEYS_MAX} keys`);
      const keys = createLocalJWKSet(set.data);
      this.#keys = keys;
      this.#fetchedMs = clock.nowMs();
      this.#failure = undefined;
      return keys;
    } catch (error) {
      this.#failure = error as Error;
      throw this.#unavailable(this.#failure);
    }
  }

  /** OpenID Connect Discovery, then RFC 8414. The document must be about the very issuer that was asked for. */
  async #discover(): Promise<string> {
    const { issuer, fetchJson } = this.#options;
    const { origin, pathname } = new URL(issuer);
    const path = pathname.replace(/\/$/, "");
    const places = [
      `${origin}${path}/.well-known/openid-configuration`,
      `${origin}/.well-known/oauth-authorization-server${path}`,
    ];
    let failure: unknown;
    for (const place of places) {
      try {
        const document = discovery.parse(await fetchJson(place));
        if (document.issuer !== issuer) throw new Error(`${place}: it is about the issuer ${document.issuer}`);
        if (!isSecure(document.jwks_uri)) throw new Error(`${place}: jwks_uri is no https:// URL`);
        return document.jwks_uri;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  #unavailable(cause: Error): KeysUnavailableError {
    return new KeysUnavailableError(`the keys of ${this.#options.issuer} cannot be fetched: ${cause.message}`, cause);
  }
}

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)));
}
