import { shortText } from "@mcp-hangar/telemetry";
import type { Clock } from "../platform/platform.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json-rpc.ts";
import { isTaskOnly } from "../tasks/task-messages.ts";
import { FAULTS_SHOWN_MAX, type ListFault, type ListFaults } from "./list-faults.ts";
import { LISTS, type ListItems, type ListKind } from "./lists.ts";
import { mendItem } from "./mend-item.ts";

/** Items of one list of one server that are kept: more than any agent can choose among. */
export const LIST_ITEMS_MAX = 20_000;
/** Characters of JSON that the items of one list may have together: what a list is allowed to cost in memory. */
const LIST_CHARS_MAX = 16 * 1024 * 1024;
/** Work between two turns of the event loop, in characters of JSON and in items: some 10 ms on a slow machine. */
const TURN_CHARS = 512 * 1024;
const TURN_ITEMS = 1_000;

/** Items of more characters than this are few enough to remember how many they have. */
const LARGE_ITEM_CHARS = 4_096;
const largeItems = new WeakMap<JsonObject, number>();

/** Characters of JSON of an item of a list; 0 of one that is not large. */
export function largeItemChars(item: JsonObject): number {
  return largeItems.get(item) ?? 0;
}

/** What an inspection may have to know of the server whose list it is. */
export interface ListingServer {
  /** Whether its tools can be called as tasks; asked once, when a tool can be called so only. */
  readonly makesTasks: () => Promise<boolean>;
}

/**
 * Takes the items of a list, page by page, as a server sent them, and keeps those that clients can read. Long lists are
 * looked through in several turns of the event loop.
 */
export class ListInspection {
  readonly #list: ListKind;
  readonly #clock: Pick<Clock, "defer">;
  readonly #server: ListingServer;
  #makesTasks: boolean | undefined;
  readonly #items: JsonObject[] = [];
  readonly #names = new Set<unknown>();
  readonly #shown: ListFault[] = [];
  #mended = 0;
  #leftOut = 0;
  #chars = 0;
  #turnChars = 0;
  #turnItems = 0;
  #cut = false;

  constructor(list: ListKind, clock: Pick<Clock, "defer">, server: ListingServer) {
    this.#server = server;
    this.#list = list;
    this.#clock = clock;
  }

  /** Looks through one page. False when the list has reached its limit, and further pages are of no use. */
  async take(page: Iterable<JsonValue>): Promise<boolean> {
    for (const value of page) {
      if (this.#items.length >= LIST_ITEMS_MAX || this.#chars >= LIST_CHARS_MAX) {
        this.cut(this.#items.length >= LIST_ITEMS_MAX ? `${LIST_ITEMS_MAX} items` : `${LIST_CHARS_MAX} characters`);
        return false;
      }
      if (this.#makesTasks === undefined && this.#list === "tools" && isJsonObject(value) && isTaskOnly(value)) {
        this.#makesTasks = await this.#server.makesTasks();
      }
      this.#inspect(value);
      if (this.#turnChars >= TURN_CHARS || ++this.#turnItems >= TURN_ITEMS) await this.#rest();
    }
    return true;
  }

  /** Notes that the list goes on after the first `limit`, where nobody reads on. How far is not known: it counts for one. */
  cut(limit: string): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#leftOut++;
    // In front, because it concerns more than any other fault.
    this.#shown.unshift({ name: undefined, action: "left_out", reason: `the list goes on after the first ${limit}` });
  }

  get items(): ListItems {
    return this.#items;
  }

  get faults(): ListFaults {
    return { mended: this.#mended, leftOut: this.#leftOut, shown: this.#shown.slice(0, FAULTS_SHOWN_MAX) };
  }

  #inspect(value: JsonValue): void {
    const { identity } = LISTS[this.#list];
    const result = mendItem(this.#list, value);
    if (result.kind === "left_out") {
      this.#leftOut++;
      // What is wrong may be the name itself, so it is not repeated.
      this.#note(undefined, "left_out", result.reason);
      this.#turnChars += TURN_CHARS / TURN_ITEMS;
      return;
    }
    this.#turnChars += result.chars;
    const name = result.item[identity];
    if (this.#names.has(name)) {
      this.#leftOut++;
      this.#note(name, "left_out", `another item has the same ${identity}`);
      return;
    }
    if (this.#list === "tools" && isTaskOnly(result.item) && this.#makesTasks !== true) {
      this.#leftOut++;
      this.#note(name, "left_out", "it can be called as a task only, and the server declares no tasks of tools/call");
      return;
    }
    this.#names.add(name);
    this.#items.push(result.item);
    this.#chars += result.chars;
    if (result.chars > LARGE_ITEM_CHARS) largeItems.set(result.item, result.chars);
    if (result.mended.length === 0) return;
    this.#mended++;
    this.#note(name, "mended", `mended: ${result.mended.slice(0, 10).join(", ")}`);
  }

  #note(name: JsonValue | undefined, action: ListFault["action"], reason: string): void {
    if (this.#shown.length >= FAULTS_SHOWN_MAX) return;
    this.#shown.push({ name: typeof name === "string" ? shortText(name, 200) : undefined, action, reason });
  }

  async #rest(): Promise<void> {
    this.#turnChars = 0;
    this.#turnItems = 0;
    await new Promise<void>((resolve) => this.#clock.defer(resolve));
  }
}
