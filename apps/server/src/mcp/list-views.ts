import { type FleetEntry, LISTS, type ListKind } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { CallerRights } from "../access/access.ts";
import { textOf } from "../text-of.ts";
import type { Scope } from "./scope.ts";

/** Items that are judged at one time, of all lists: some 20 ms. What is more is not compared, and counts as changed. */
const JUDGED_MAX = 20_000;

/** What a caller sees of the servers of an endpoint. */
interface View {
  /** What decides it: callers with the same rights see the same. */
  readonly rights: string;
  /** The names of what is shown; `undefined` where there is too much to look at. */
  readonly shown: ReadonlyMap<ListKind, string> | undefined;
}

/** What callers see of servers at one moment, to be compared with what they see at another. */
export class ListViews {
  readonly #scope: Scope;
  readonly #access: CallerRights;
  readonly #byRights = new Map<string, View>();
  readonly #byCaller = new Map<Caller, View>();
  #judged = 0;

  constructor(scope: Scope, access: CallerRights) {
    this.#scope = scope;
    this.#access = access;
  }

  /** Notes what a caller sees now. */
  note(caller: Caller): View {
    const known = this.#byCaller.get(caller);
    if (known !== undefined) return known;
    const rights = this.#access.rightsOf(caller);
    const view = this.#byRights.get(rights) ?? { rights, shown: this.#shownTo(caller) };
    this.#byRights.set(rights, view);
    this.#byCaller.set(caller, view);
    return view;
  }

  /** Whether other rights show a caller other items of a list than these. */
  differs(before: ListViews, caller: Caller, list: ListKind): boolean {
    const then = before.note(caller);
    if (then.rights === this.#access.rightsOf(caller)) return false;
    const now = this.note(caller);
    return then.shown === undefined || now.shown === undefined || then.shown.get(list) !== now.shown.get(list);
  }

  #shownTo(caller: Caller): View["shown"] {
    const shown = new Map<ListKind, string>();
    const entries = this.#scope.entries(caller);
    for (const list of ["tools", "prompts", "resources", "resourceTemplates"] as const) {
      const names: string[] = [];
      for (const entry of entries) {
        const items = this.#shownOf(entry, list, caller);
        if (items === undefined) return undefined;
        names.push(...items);
      }
      shown.set(list, JSON.stringify(names));
    }
    return shown;
  }

  #shownOf({ id, catalog }: FleetEntry, list: ListKind, caller: Caller): readonly string[] | undefined {
    const { identity } = LISTS[list];
    const names = catalog.known(list)?.map((item) => textOf(item[identity])) ?? [];
    this.#judged += names.length;
    if (this.#judged > JUDGED_MAX) return undefined;
    return names.filter((name) => this.#scope.shows(caller, id, list, name)).map((name) => `${id} ${name}`);
  }
}
