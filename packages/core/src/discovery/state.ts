import type { ServerOptions } from "../options.ts";
import type { ServerOrigin } from "../registration.ts";
import type { Candidate } from "./candidate.ts";
import type { DecisionBook } from "./decisions.ts";
import type { Announcement } from "./definition.ts";
import type { CommonSourceOptions } from "./source-kind.ts";

/** All that discovery knows. */
export interface DiscoveryState {
  /** By {@link candidateKey}, in the order in which they were found. */
  readonly candidates: ReadonlyMap<string, Candidate>;
  /** The servers that discovery has put into the fleet, by id. */
  readonly held: ReadonlyMap<string, Holding>;
  readonly decisions: DecisionBook;
}

/** Who holds an id in the fleet, and with what. */
export interface Holding {
  readonly source: string;
  readonly fingerprint: string;
  /** The addresses that it may have, as text that can be compared. */
  readonly addresses: string;
}

/** What a source may do. */
export type SourceRules = Pick<
  CommonSourceOptions,
  "mode" | "approve" | "probe" | "ttl_s" | "allow_empty" | "max_servers" | "server_modes" | "allow_addresses"
>;

/** The world around a decision. */
export interface Surroundings {
  /** Monotonic. */
  readonly nowMs: number;
  readonly wallMs: number;
  /** By name; earlier sources win over later ones. */
  readonly sources: ReadonlyMap<string, SourceRules>;
  /** Servers that all sources together may have in the fleet. */
  readonly serversMax: number;
  /** Who defined the server of that id; `undefined` when there is none. */
  readonly originOf: (id: string) => ServerOrigin | undefined;
  /** Milliseconds from the failed probe number `failures` to the next one. */
  readonly retryDelayMs: (failures: number) => number;
}

/** Something that happened. */
export type DiscoveryInput =
  | { readonly type: "announced"; readonly source: string; readonly servers: readonly Announcement[] }
  | { readonly type: "time_passed" }
  | {
      readonly type: "probed";
      readonly key: string;
      readonly fingerprint: string;
      readonly failure: string | undefined;
    }
  | { readonly type: "approved"; readonly key: string }
  | { readonly type: "rejected"; readonly key: string };

/** What is to be started or put into the fleet: a definition, with what its source allows it. */
export interface Prepared {
  readonly id: string;
  readonly options: ServerOptions;
  readonly fingerprint: string;
}

/** Something to do. */
export type DiscoveryAction =
  | (Prepared & { readonly type: "probe"; readonly key: string })
  | (Prepared & {
      readonly type: "register" | "replace";
      readonly source: string;
      /** The source that had the id until now. */
      readonly former: string | undefined;
    })
  | {
      readonly type: "unregister";
      readonly id: string;
      readonly source: string;
      /** Whether its time was over, and it was not taken out by somebody. */
      readonly expired: boolean;
    };

/** What becomes of the state, and what is to be done. */
export interface Reconciliation {
  readonly state: DiscoveryState;
  readonly actions: readonly DiscoveryAction[];
}

/** Nothing found yet. */
export const NOTHING_DISCOVERED: DiscoveryState = { candidates: new Map(), held: new Map(), decisions: new Map() };
