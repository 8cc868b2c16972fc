import type { Clock } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { hashOf, idOf, newApiKey, sameHash } from "./api-key.ts";
import {
  type ActiveKey,
  type Entry,
  fixedEntry,
  isActive,
  isForgotten,
  iso,
  type KeyRequest,
  type KeyVerdict,
  type KeyView,
  viewOf,
} from "./key-entry.ts";
import type { KeyFile } from "./key-file.ts";
import type { StaticKeyOptions } from "./options.ts";
import { StoredKeys } from "./stored-keys.ts";

/** Compared with when there is no such key, so that looking takes as long as when there is one. */
const NOBODY = `sha256:${"0".repeat(64)}`;

/** Where keys come from, and who wants to know. */
export interface ApiKeysOptions {
  readonly clock: Clock;
  /** By which keys expire. */
  readonly expiry: Pick<Clock, "wallMs">;
  readonly file?: KeyFile | undefined;
  readonly fixed: readonly StaticKeyOptions[];
  /** Called whenever a key that was accepted may no longer be. */
  readonly onChange: () => void;
  /** Told when the file cannot be read or written any more, once for each new reason; the keys last read stay in force. */
  readonly onProblem: (problem: Error) => void;
}

/** What became of a revocation. */
export interface Revocation {
  readonly view: KeyView;
  /** Why the file does not say so yet; `undefined` when it does. It is tried again. */
  readonly unwritten: Error | undefined;
}

/** The API keys of a gateway: those of the file and those of the configuration. */
export class ApiKeys {
  readonly #options: ApiKeysOptions;
  readonly #stored: StoredKeys | undefined;
  #fixed: ReadonlyMap<string, Entry>;
  /** Keys that were not revoked, by hash. */
  #valid: ReadonlyMap<string, ActiveKey> = new Map();
  /** The hash of the key behind a caller: another key may have the same name by now, and it is not theirs. */
  readonly #hashes = new WeakMap<Caller, string>();

  /** @throws Error when there is a file and it cannot be read. */
  constructor(options: ApiKeysOptions) {
    const { clock, file, onProblem } = options;
    this.#options = options;
    this.#fixed = new Map(options.fixed.map((key) => [key.hash, fixedEntry(key)]));
    this.#stored = file && new StoredKeys({ clock, file, onProblem, onChange: () => this.#changed() });
    this.#changed();
  }

  /** What is wrong with the file now; `undefined` when nothing is. */
  get problem(): Error | undefined {
    return this.#stored?.problem;
  }

  /** Revoked keys of which the file does not know yet. */
  get unwritten(): number {
    return this.#stored?.unwritten ?? 0;
  }

  /** Begins to watch the file. */
  start(): void {
    this.#stored?.start();
  }

  /** Ends the watch and writes what the file does not have yet. */
  async close(): Promise<void> {
    await this.#stored?.close();
  }

  /** Looks a presented key up. Takes the same time whether or not there is one. */
  verify(token: string): KeyVerdict {
    const id = idOf(token);
    if (id === undefined) return { kind: "failed", reason: "malformed_api_key", id };
    const hash = hashOf(token);
    const found = this.#find(id, hash) ?? (this.#stored?.lookAgain() === true ? this.#find(id, hash) : undefined);
    if (found === undefined) return { kind: "failed", reason: "unknown_api_key", id };
    if (found.view.revoked_at !== null) return { kind: "failed", reason: "revoked_api_key", id };
    if (found.key.expiresMs <= this.#options.expiry.wallMs()) return { kind: "failed", reason: "expired_api_key", id };
    return { kind: "key", key: found.key };
  }

  /**
   * A caller who came with a key as that key has it now: with other roles perhaps, and `undefined` when the key is valid no
   * longer. Calls and streams may take longer than that.
   */
  current(caller: Caller): Caller | undefined {
    const key = this.#valid.get(this.#hashes.get(caller) ?? "");
    return key !== undefined && key.expiresMs > this.#options.expiry.wallMs() ? key.caller : undefined;
  }

  list(): readonly KeyView[] {
    const nowMs = this.#options.expiry.wallMs();
    return this.#entries().map((entry) => viewOf(entry, nowMs));
  }

  /** Whether keys can be created and revoked here: without a file they are those of the configuration. */
  get isManaged(): boolean {
    return this.#stored !== undefined;
  }

  /**
   * Creates a key and resolves to it and to its secret, which nobody can read later; `"taken"` when an active key has the
   * name. Rejects when the file cannot be written.
   */
  async create(request: KeyRequest): Promise<{ readonly view: KeyView; readonly token: string } | "taken"> {
    if (this.#stored === undefined) throw new Error("there is no file of API keys: set auth.api_keys.file");
    const { id, token, hash } = newApiKey();
    const nowMs = this.#options.expiry.wallMs();
    let taken = this.list().some(
      ({ name, status, origin }) => origin === "config" && name === request.name && status === "active",
    );
    if (!taken) {
      await this.#stored.update((keys) => {
        taken = keys.some((key) => key.name === request.name && isActive(key, nowMs));
        if (taken) return keys;
        const expires = request.expiresMs === undefined ? null : new Date(request.expiresMs).toISOString();
        const created = { id, name: request.name, hash, roles: [...request.roles], created_at: iso(nowMs) };
        return [
          ...keys.filter((key) => !isForgotten(key, nowMs)),
          { ...created, expires_at: expires, revoked_at: null, last_used_at: null },
        ];
      });
    }
    const view = this.list().find((each) => each.id === id);
    return view === undefined ? "taken" : { view, token };
  }

  /**
   * Revokes a key of the file: it is refused from this turn on, whatever becomes of the file, which is written then, and tried
   * again until it says so. `undefined` when there is no such key.
   */
  async revoke(id: string): Promise<Revocation | undefined> {
    const writing = this.#stored?.revoke(id);
    if (writing === undefined) return undefined;
    const unwritten = await writing;
    const view = this.list().find((each) => each.id === id);
    return view && { view, unwritten };
  }

  /** Takes over other keys of the configuration. */
  configure(fixed: readonly StaticKeyOptions[]): void {
    this.#fixed = new Map(fixed.map((key) => [key.hash, fixedEntry(key)]));
    this.#changed();
  }

  #entries(): readonly Entry[] {
    return [...this.#fixed.values(), ...(this.#stored?.entries.values() ?? [])];
  }

  #changed(): void {
    const valid = this.#entries().filter(({ view }) => view.revoked_at === null);
    this.#valid = new Map(valid.map(({ hash, key }) => [hash, key]));
    for (const { hash, key } of valid) this.#hashes.set(key.caller, hash);
    this.#options.onChange();
  }

  #find(id: string, hash: string): Entry | undefined {
    const entry = this.#stored?.entries.get(id);
    return sameHash(hash, entry?.hash ?? NOBODY) ? entry : this.#fixed.get(hash);
  }
}
