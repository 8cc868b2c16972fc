import type { CancelTimer, Clock } from "@mcp-hangar/core";
import { type Entry, isEntryOf, iso, storedEntry } from "./key-entry.ts";
import type { FileVersion, KeyFile, StoredKey } from "./key-file.ts";
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
/** Whose file, and who wants to know. */
export interface StoredKeysOptions {
  readonly clock: Clock;
  readonly file: KeyFile;
  /** Called when the keys are others than before. */
  readonly onChange: () => void;
  /** Told when the file cannot be read or written any more, once for each new reason; the keys last read stay in force. */
  readonly onProblem: (problem: Error) => void;
}

/** The keys of a file as this process knows them: what it read last, what it revoked, and when they were used. */
export class StoredKeys {
  readonly #options: StoredKeysOptions;
  #entries: ReadonlyMap<string, Entry> = new Map();
  readonly #unwritten = new UnwrittenRevocations();
  #writing: Promise<Error | undefined> | undefined;
  #version: FileVersion | undefined;
  #problem: Error | undefined;
  /** Why the file could not be written last: a nuisance, where it is read-only on purpose and nothing is revoked. */
  #saveProblem: string | undefined;
  #cancelLook: CancelTimer | undefined;
  #savedMs: number;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** @throws Error when the file cannot be read. */
  constructor(options: StoredKeysOptions) {
    this.#options = options;
    this.#savedMs = options.clock.nowMs();
    this.#load();
  }

  /** By id. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
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
    this.#cancelLook = this.#options.clock.schedule(FILE_LOOK_MS, () => {
      this.#look();
      this.start();
    });
  }

  /** Ends the watch and writes what the file does not have yet. */
  async close(): Promise<void> {
    this.#cancelLook?.();
    await this.#saveLastUse();
  }

  /** Looks at the file because of a key that is not known; false when that was done a moment ago. */
  lookAgain(): boolean {
    if (this.#options.clock.nowMs() - this.#lookedMs < FILE_LOOK_AGAIN_MS) return false;
    this.#look();
    return true;
  }

  /** Changes the file, and takes over what it says then. Rejects when it cannot be written. */
  async update(change: (keys: readonly StoredKey[]) => readonly StoredKey[]): Promise<void> {
    const { file } = this.#options;
    const keys = await file.update((stored) =>
      this.#withLastUse(change(stored)).map((key) => this.#unwritten.within(key)),
    );
    this.#saveProblem = undefined;
    if (this.#take(keys, file.version())) this.#options.onChange();
  }

  /**
   * Revokes a key from this turn on, then writes the file. Resolves to why that does not say so yet. `undefined` at once when
   * there is no such key.
   */
  revoke(id: string): Promise<Error | undefined> | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    if (entry.view.revoked_at === null) {
      const revokedAt = iso(this.#options.clock.wallMs());
      this.#unwritten.add(id, revokedAt);
      const revoked: Entry = { ...entry, view: { ...entry.view, revoked_at: revokedAt } };
      this.#entries = new Map(this.#entries).set(id, revoked);
      this.#options.onChange();
    }
    return this.#written(id);
  }

  async #written(id: string): Promise<Error | undefined> {
    // A change that waits for the lock takes this revocation along, one that has it may have come too early.
    let problem = await this.#writing;
    if (this.#unwritten.has(id)) problem = await this.#writeRevocations();
    return this.#unwritten.has(id) ? problem : undefined;
  }

  #look(): void {
    this.#lookedMs = this.#options.clock.nowMs();
    const version = safely(() => this.#options.file.version());
    const same =
      version?.ino === this.#version?.ino &&
      version?.mtimeMs === this.#version?.mtimeMs &&
      version?.size === this.#version?.size;
    if (!same || this.#problem !== undefined) {
      try {
        if (this.#load()) this.#options.onChange();
      } catch (error) {
        this.#complain(error as Error);
      }
    }
    if (this.#unwritten.size > 0) void this.#writeRevocations();
    if (this.#options.clock.nowMs() - this.#savedMs >= SAVE_MS) void this.#saveLastUse();
  }

  /** Resolves to why the file could not be written. Never rejects. */
  #writeRevocations(): Promise<Error | undefined> {
    this.#writing ??= this.update((keys) => keys)
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

  #load(): boolean {
    const { file } = this.#options;
    const version = file.version();
    return this.#take(file.read(), version);
  }

  /** Returns whether anything has changed. */
  #take(keys: readonly StoredKey[], version: FileVersion | undefined): boolean {
    const before = this.#entries;
    this.#unwritten.settle(keys);
    this.#entries = new Map(keys.map((key) => [key.id, this.#entryOf(key)]));
    this.#version = version;
    this.#problem = undefined;
    // The times of last use are written every minute, and who is known is not forgotten for that.
    return this.#entries.size !== before.size || keys.some(({ id }) => this.#entries.get(id) !== before.get(id));
  }

  #entryOf(stored: StoredKey): Entry {
    const key = this.#unwritten.within(stored);
    const known = this.#entries.get(key.id);
    const entry = storedEntry(key, known?.key.lastUsedMs);
    if (known === undefined || !isEntryOf(known, key)) return entry;
    known.key.lastUsedMs = entry.key.lastUsedMs;
    return known;
  }

  async #saveLastUse(): Promise<void> {
    const { file, clock } = this.#options;
    this.#savedMs = clock.nowMs();
    if (this.#problem !== undefined) return;
    try {
      const stored = file.read();
      if (
        this.#unwritten.size === 0 &&
        this.#withLastUse(stored).every((key, index) => key.last_used_at === stored[index]?.last_used_at)
      )
        return;
      await this.update((keys) => keys);
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
      const usedMs = this.#entries.get(key.id)?.key.lastUsedMs;
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
