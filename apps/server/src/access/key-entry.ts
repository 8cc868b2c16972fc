import { type AuthenticationFailure, type Caller, registeredName } from "@mcp-hangar/telemetry";
import type { StoredKey } from "./key-file.ts";
import type { StaticKeyOptions } from "./options.ts";
import type { Roles } from "./roles.ts";

/** Revoked and expired keys are kept this long, in ms, so that lists can still say what became of them. */
const FORGET_MS = 90 * 24 * 60 * 60 * 1_000;

/** A key that can be presented. The object stands for one reading of the key: it is another one after a change. */
export interface ActiveKey {
  readonly id: string;
  readonly caller: Caller;
  /** Milliseconds since the epoch; `Infinity` for never. */
  readonly expiresMs: number;
  /** The same; `undefined` until it is used. */
  lastUsedMs: number | undefined;
}

/** What a list says about a key. */
export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly status: "active" | "expired" | "revoked";
  /** `config` keys are changed in the configuration. */
  readonly origin: "file" | "config";
  readonly created_at: string | null;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
}

/** What a new key shall be. */
export interface KeyRequest {
  readonly name: string;
  readonly roles: readonly string[];
  /** Milliseconds since the epoch; `undefined` for never. */
  readonly expiresMs: number | undefined;
}

/** Whose key was presented, or why it is not taken; reasons are for records, not for who presents the key. */
export type KeyVerdict =
  | { readonly kind: "key"; readonly key: ActiveKey }
  | { readonly kind: "failed"; readonly reason: AuthenticationFailure; readonly id: string | undefined };

/** A key as it is looked up: what is compared, what is shown, and whose it is. */
export interface Entry {
  readonly hash: string;
  readonly view: Omit<KeyView, "status" | "last_used_at">;
  readonly key: ActiveKey;
}

/** The entry of a key of the file; `usedMs` is what this process knows of its last use. */
export function storedEntry(key: StoredKey, usedMs: number | undefined): Entry {
  const { id, name, hash, roles, created_at, expires_at, revoked_at, last_used_at } = key;
  const recordedMs = last_used_at === null ? undefined : Date.parse(last_used_at);
  return {
    hash,
    view: { id, name, roles, origin: "file", created_at, expires_at, revoked_at },
    key: {
      id,
      caller: callerOf(name, roles, id),
      expiresMs: expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(expires_at),
      lastUsedMs: usedMs === undefined ? recordedMs : Math.max(usedMs, recordedMs ?? 0),
    },
  };
}

/** Whether an entry still says what the file says of the key; when the key was last used is no matter. */
export function isEntryOf({ hash, view }: Entry, key: StoredKey): boolean {
  return (
    hash === key.hash &&
    view.name === key.name &&
    view.created_at === key.created_at &&
    view.expires_at === key.expires_at &&
    view.revoked_at === key.revoked_at &&
    JSON.stringify(view.roles) === JSON.stringify(key.roles)
  );
}

/** The entry of a key of the configuration. */
export function fixedEntry({ name, hash, roles, expires_at: expires }: StaticKeyOptions): Entry {
  // The part of the hash tells keys apart in lists; it says nothing about the key.
  const id = `config-${hash.slice("sha256:".length, "sha256:".length + 8)}`;
  return {
    hash,
    view: { id, name, roles, origin: "config", created_at: null, expires_at: expires ?? null, revoked_at: null },
    key: {
      id,
      // The id is short enough to be hit on purpose by somebody who hands in the hash of a key for the configuration.
      caller: callerOf(name, roles, `config-${hash}`),
      expiresMs: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires),
      lastUsedMs: undefined,
    },
  };
}

/** What a list says about a key now. */
export function viewOf({ view, key }: Entry, nowMs: number): KeyView {
  return {
    ...view,
    status: view.revoked_at !== null ? "revoked" : key.expiresMs <= nowMs ? "expired" : "active",
    last_used_at: key.lastUsedMs === undefined ? null : iso(key.lastUsedMs),
  };
}

/** The identity of the caller who has a key of the file. */
export function credentialOf(keyId: string): string {
  return `api_key:${keyId}`;
}

/** Whether nobody would have all rights any more without a key of those. */
export function isLastAdmin(key: KeyView, all: readonly KeyView[], { allowAll }: Pick<Roles, "allowAll">): boolean {
  const isAdmin = ({ status, roles }: KeyView): boolean => status === "active" && allowAll(roles);
  return isAdmin(key) && !all.some((other) => other.id !== key.id && isAdmin(other));
}

/**
 * The name of a key is registered: who may create keys has chosen it. `keyId` tells a key from any other that has, had or will
 * have the same name.
 */
function callerOf(name: string, roles: readonly string[], keyId: string): Caller {
  return { type: "api_key", id: registeredName(name), roles: [...roles], credential: credentialOf(keyId) };
}

/** Whether a key of the file can be presented. */
export function isActive({ revoked_at: revoked, expires_at: expires }: StoredKey, nowMs: number): boolean {
  return revoked === null && (expires === null || Date.parse(expires) > nowMs);
}

/** Whether a key ended so long ago that the file need not keep it. */
export function isForgotten({ revoked_at: revoked, expires_at: expires }: StoredKey, nowMs: number): boolean {
  const ended = revoked ?? expires;
  return ended !== null && Date.parse(ended) < nowMs - FORGET_MS;
}

/** A time as the file has it. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
