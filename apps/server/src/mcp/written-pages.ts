import { type JsonObject, ResultPayload, summarise } from "@mcp-hangar/core";
import type { ListPart } from "./listing.ts";

/** Smaller pages are written anew in less time than it takes to look whether they are still right. */
const KEPT_BYTES_MIN = 16_384;
/** Bytes of all pages of one endpoint that are kept. */
const BYTES_MAX = 8 * 1024 * 1024;

/** What a page was written from, and what became of it. */
interface WrittenPage {
  readonly parts: readonly ListPart[];
  readonly payload: ResultPayload;
  readonly bytes: number;
}

/**
 * Pages of long lists as the bytes that clients got last: a list is asked for far more often than it changes. A page is given again only
 * while it would be written from the same items, so that nobody has to tell of changes, and no caller sees what is another's.
 */
export class WrittenPages {
  /** The least recently used first. */
  readonly #pages = new Map<string, WrittenPage>();
  #bytes = 0;

  /** The page `key` of these parts; `write` makes it, from them and the key alone. `undefined` when there is none. */
  of(key: string, parts: readonly ListPart[], write: () => JsonObject | undefined): ResultPayload | undefined {
    const known = this.#pages.get(key);
    if (known !== undefined) this.#forget(key, known);
    if (known !== undefined && areSame(known.parts, parts)) {
      this.#keep(key, known);
      return known.payload;
    }
    const value = write();
    if (value === undefined) return undefined;
    const json = Buffer.from(JSON.stringify(value));
    if (json.length < KEPT_BYTES_MIN || json.length > BYTES_MAX) return ResultPayload.ofValue(value);
    const payload = ResultPayload.ofJson(json, summarise(value));
    this.#keep(key, { parts, payload, bytes: json.length });
    return payload;
  }

  #keep(key: string, page: WrittenPage): void {
    this.#pages.set(key, page);
    this.#bytes += page.bytes;
    for (const [oldest, { bytes }] of this.#pages) {
      if (this.#bytes <= BYTES_MAX) return;
      this.#pages.delete(oldest);
      this.#bytes -= bytes;
    }
  }

  #forget(key: string, { bytes }: WrittenPage): void {
    this.#pages.delete(key);
    this.#bytes -= bytes;
  }
}

/** Whether both hold the same items, of the same servers under the same names. Items do not change once they are listed. */
function areSame(before: readonly ListPart[], now: readonly ListPart[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ id, naming, items }, place) => {
      const other = now[place];
      if (other === undefined || other.id !== id || other.naming !== naming) return false;
      if (other.items.length !== items.length) return false;
      return other.items === items || items.every((item, at) => item === other.items[at]);
    })
  );
}
