import type { ListFaultAction } from "@mcp-hangar/telemetry";
import type { ListKind } from "./lists.ts";

/** What was wrong with one item of a list, and what the gateway did about it. */
export interface ListFault {
  /** Name or URI of the item as the server spells it; absent when it has none that can be shown. */
  readonly name: string | undefined;
  readonly action: ListFaultAction;
  /** A clause: "its name is empty". */
  readonly reason: string;
}

/** The faults of one list as last fetched. */
export interface ListFaults {
  readonly mended: number;
  readonly leftOut: number;
  /** What was wrong, of the first {@link FAULTS_SHOWN_MAX} items. */
  readonly shown: readonly ListFault[];
}

/** A list may consist of nothing else; this many are kept to be read by people. */
export const FAULTS_SHOWN_MAX = 100;
/** Faults of one list that are remembered as said; what a server finds beyond is counted and not said again. */
const FAULTS_SAID_MAX = 500;

export const NO_FAULTS: ListFaults = { mended: 0, leftOut: 0, shown: [] };

/** Remembers what was said of a server's lists, so that each item is said once however often it is listed. */
export class SaidFaults {
  readonly #said = new Map<ListKind, Set<string>>();
  /** Most faults of a list in one fetch: more than ever before are news, although not each can be remembered. */
  readonly #most = new Map<ListKind, { readonly mended: number; readonly leftOut: number }>();

  /** The part of `faults` that was not said before; from now on it was. */
  fresh(list: ListKind, faults: ListFaults): ListFaults {
    const said = this.#said.get(list) ?? new Set<string>();
    this.#said.set(list, said);
    const shown = faults.shown.filter((fault) => {
      const key = `${fault.action} ${fault.name ?? ""} ${fault.reason}`;
      if (said.has(key) || said.size >= FAULTS_SAID_MAX) return false;
      said.add(key);
      return true;
    });
    const most = this.#most.get(list) ?? { mended: 0, leftOut: 0 };
    this.#most.set(list, {
      mended: Math.max(most.mended, faults.mended),
      leftOut: Math.max(most.leftOut, faults.leftOut),
    });
    const count = (action: ListFaultAction): number => shown.filter((fault) => fault.action === action).length;
    return {
      mended: Math.max(count("mended"), faults.mended - most.mended),
      leftOut: Math.max(count("left_out"), faults.leftOut - most.leftOut),
      shown,
    };
  }
}
