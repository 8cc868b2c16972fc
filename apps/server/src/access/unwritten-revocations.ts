import type { StoredKey } from "./key-file.ts";

/**
 * Keys that were revoked in this process while the file does not say so: because the disk is full, another process holds the
 * lock, or the file is read-only. They are refused all the same, whatever is read from the file meanwhile.
 */
export class UnwrittenRevocations {
  /** When each was revoked, by the id of the key. */
  readonly #times = new Map<string, string>();

  get size(): number {
    return this.#times.size;
  }

  add(id: string, revokedAt: string): void {
    this.#times.set(id, revokedAt);
  }

  has(id: string): boolean {
    return this.#times.has(id);
  }

  /** The key as it is after these revocations. */
  within(key: StoredKey): StoredKey {
    const revokedAt = key.revoked_at === null ? this.#times.get(key.id) : undefined;
    return revokedAt === undefined ? key : { ...key, revoked_at: revokedAt };
  }

  /** Forgets those that the file has now, and those of keys that it no longer has. */
  settle(keys: readonly StoredKey[]): void {
    const open = new Set(keys.filter(({ revoked_at: revoked }) => revoked === null).map(({ id }) => id));
    for (const id of this.#times.keys()) if (!open.has(id)) this.#times.delete(id);
  }
}
