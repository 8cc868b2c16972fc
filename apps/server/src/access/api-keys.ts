import type { CancelTimer, Clock } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import { hashOf, idOf, newApiKey, sameHash } from "./api-key.ts";
import {
  type ActiveKey,
  type Entry,
  fixedEntry,
  isActive,
  isEntryOf,
  isForgotten,
  iso,
  type KeyRequest,
  type KeyVerdict,
  type KeyView,
  storedEntry,
  viewOf,
} from "./key-entry.ts";
import type { FileVersion, KeyFile, StoredKey } from "./key-file.ts";
import type { StaticKeyOptions } from "./options.ts";
import { UnwrittenRevocations } from "./unwritten-revocations.ts";

/** How often the file is looked at for what another process wrote, in ms: within this time a revocation is in force. */
const FILE_LOOK_MS = 1_000;
/**
 * The same when a key is presented that is not known, so that a new one works at once: often enough for people, too seldom
 * to be of use to somebody who guesses.
 */
const FILE_LOOK_AGAIN_MS = 100;
/** How often the times of last use are written, in ms. */
const SAVE_MS = 60_000;
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
  #fixed: ReadonlyMap<string, Entry>;
  /** Keys that were not revoked, by hash. */
  #valid: ReadonlyMap<string, ActiveKey> = new Map();
  /** The hash of the key behind a caller: another key may have the same name by now, and it is not theirs. */
  readonly #hashes = new WeakMap<Caller, string>();
  #stored: ReadonlyMap<string, Entry> = new Map();
  readonly #unwritten = new UnwrittenRevocations();
  #writing: Promise<Error | undefined> | undefined;
  #version: FileVersion | undefined;
  #problem: Error | undefined;
  /** Why the file could not be written last: a nuisance, where it is read-only on purpose and nothing is revoked. */
  #saveProblem: string | undefined;
  #cancelLook: CancelTimer | undefined;
  #savedMs: number;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** @throws Error when there is a file and it cannot be read. */
  constructor(options: ApiKeysOptions) {
    this.#options = options;
    this.#savedMs = options.clock.nowMs();
    this.#fixed = new Map(options.fixed.map((key) => [key.hash, fixedEntry(key)]));
    if (options.file !== undefined) this.#load(options.file);
    this.#changed();
  }

  /** What is wrong with the file now; `undefined` when nothing is. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Revoked keys of which the file does not know yet. */
  get unwritten(): number {
    return this.#unwritten.size;
  }

  /** Begins to watch the file. */
  start(): void {
    const { file, clock } = this.#options;
    if (file === undefined) return;
    this.#cancelLook = clock.schedule(FILE_LOOK_MS, () => {
      this.#look(file);
      this.start();
    });
  }

  /** Ends the watch and writes what the file does not have yet. */
  async close(): Promise<void> {
    this.#cancelLook?.();
    await this.#saveLastUse();
  }

  /** Looks a presented key up. Takes the same time whether or not there is one. */
  verify(token: string): KeyVerdict {
    const id = idOf(token);
    if (id === undefined) return { kind: "failed", reason: "malformed_api_key", id };
    const hash = hashOf(token);
    const found = this.#find(id, hash) ?? (this.#lookAgain() ? this.#find(id, hash) : undefined);
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
    return [...this.#fixed.values(), ...this.#stored.values()].map((entry) => viewOf(entry, nowMs));
  }

  /** Whether keys can be created and revoked here: without a file they are those of the configuration. */
  get isManaged(): boolean {
    return this.#options.file !== undefined;
  }

  /**
   * Creates a key and resolves to it and to its secret, which nobody can read later; `"taken"` when an active key has the
   * name. Rejects when the file cannot be written.
   */
  async create(request: KeyRequest): Promise<{ readonly view: KeyView; readonly token: string } | "taken"> {
    const { id, token, hash } = newApiKey();
    const nowMs = this.#options.expiry.wallMs();
    let taken = this.list().some(
      ({ name, status, origin }) => origin === "config" && name === request.name && status === "active",
    );
    if (!taken) {
      await this.#update((keys) => {
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
    const entry = this.#stored.get(id);
    if (entry === undefined) return undefined;
    if (entry.view.revoked_at === null) {
      const revokedAt = iso(this.#options.clock.wallMs());
      this.#unwritten.add(id, revokedAt);
      const revoked: Entry = { ...entry, view: { ...entry.view, revoked_at: revokedAt } };
      this.#stored = new Map(this.#stored).set(id, revoked);
      this.#changed();
    }
    // A change that waits for the lock takes this revocation along, one that has it may have come too early.
    let unwritten = await this.#writing;
    if (this.#unwritten.has(id)) unwritten = await this.#writeRevocations();
    const view = this.list().find((each) => each.id === id);
    return view && { view, unwritten: this.#unwritten.has(id) ? unwritten : undefined };
  }

  /** Takes over other keys of the configuration. */
  configure(fixed: readonly StaticKeyOptions[]): void {
    this.#fixed = new Map(fixed.map((key) => [key.hash, fixedEntry(key)]));
    this.#changed();
  }

  #changed(): void {
    const valid = [...this.#fixed.values(), ...this.#stored.values()].filter(({ view }) => view.revoked_at === null);
    this.#valid = new Map(valid.map(({ hash, key }) => [hash, key]));
    for (const { hash, key } of valid) this.#hashes.set(key.caller, hash);
    this.#options.onChange();
  }

  #find(id: string, hash: string): Entry | undefined {
    const entry = this.#stored.get(id);
    return sameHash(hash, entry?.hash ?? NOBODY) ? entry : this.#fixed.get(hash);
  }

  #lookAgain(): boolean {
    const { file, clock } = this.#options;
    if (file === undefined || clock.nowMs() - this.#lookedMs < FILE_LOOK_AGAIN_MS) return false;
    this.#look(file);
    return true;
  }

  async #update(change: (keys: readonly StoredKey[]) => readonly StoredKey[]): Promise<void> {
    const { file } = this.#options;
    if (file === undefined) throw new Error("there is no file of API keys: set auth.api_keys.file");
    const keys = await file.update((stored) =>
      this.#withLastUse(change(stored)).map((key) => this.#unwritten.within(key)),
    );
    this.#saveProblem = undefined;
    this.#take(keys, file.version());
  }

  #look(file: KeyFile): void {
    this.#lookedMs = this.#options.clock.nowMs();
    const version = safely(() => file.version());
    const same =
      version?.ino === this.#version?.ino &&
      version?.mtimeMs === this.#version?.mtimeMs &&
      version?.size === this.#version?.size;
    if (!same || this.#problem !== undefined) {
      try {
        this.#load(file);
      } catch (error) {
        this.#complain(error as Error);
      }
    }
    if (this.#unwritten.size > 0) void this.#writeRevocations();
    if (this.#options.clock.nowMs() - this.#savedMs >= SAVE_MS) void this.#saveLastUse();
  }

  /** Resolves to why the file could not be written. Never rejects. */
  #writeRevocations(): Promise<Error | undefined> {
    this.#writing ??= this.#update((keys) => keys)
      .then(
        () => undefined,
        (error: Error) => {
          this.#complainOfWriting(error);
          return error;
        },
      )
      .finally(() => {
        this.#writing = undefined;
      });
    return this.#writing;
  }

  #load(file: KeyFile): void {
    const version = file.version();
    this.#take(file.read(), version);
  }

  #take(keys: readonly StoredKey[], version: FileVersion | undefined): void {
    const before = this.#stored;
    this.#unwritten.settle(keys);
    this.#stored = new Map(keys.map((key) => [key.id, this.#entryOf(key)]));
    this.#version = version;
    this.#problem = undefined;
    // The times of last use are written every minute, and who is known is not forgotten for that.
    const isSame = this.#stored.size === before.size && keys.every(({ id }) => this.#stored.get(id) === before.get(id));
    if (!isSame) this.#changed();
  }

  #entryOf(stored: StoredKey): Entry {
    const key = this.#unwritten.within(stored);
    const known = this.#stored.get(key.id);
    const entry = storedEntry(key, known?.key.lastUsedMs);
    if (known === undefined || !isEntryOf(known, key)) return entry;
    known.key.lastUsedMs = entry.key.lastUsedMs;
    return known;
  }

  async #saveLastUse(): Promise<void> {
    const { file, clock } = this.#options;
    this.#savedMs = clock.nowMs();
    if (file === undefined || this.#problem !== undefined) return;
    try {
      const stored = file.read();
      if (
        this.#unwritten.size === 0 &&
        this.#withLastUse(stored).every((key, index) => key.last_used_at === stored[index]?.last_used_at)
      )
        return;
      await this.#update((keys) => keys);
    } catch (error) {
      this.#complainOfWriting(error as Error);
    }
  }

  #complainOfWriting(problem: Error): void {
    if (problem.message !== this.#saveProblem) this.#options.onProblem(problem);
    this.#saveProblem = problem.message;
  }

  #withLastUse(keys: readonly StoredKey[]): readonly StoredKey[] {
    return keys.map((key) => {
      const usedMs = this.#stored.get(key.id)?.key.lastUsedMs;
      return usedMs === undefined ? key : { ...key, last_used_at: iso(usedMs) };
    });
  }

  #complain(problem: Error): void {
    const isNews = problem.message !== this.#problem?.message;
    this.#problem = problem;
    if (isNews) this.#options.onProblem(problem);
  }
}

function safely<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
