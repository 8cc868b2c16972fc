import type { RegisteredName, TelemetryBus } from "@mcp-hangar/telemetry";
import type { ListKind } from "../catalog/lists.ts";
import type { CheckOutcome } from "../health/probe.ts";
import type { ServerOptions } from "../options.ts";
import type { Platform } from "../platform/platform.ts";
import type { JsonRpcNotification } from "../protocol/json-rpc.ts";
import type { CircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { ConcurrencyLimit } from "../resilience/concurrency-limit.ts";
import type { Transport } from "../transports/session.ts";
import type { ManagedServer } from "./managed-server.ts";
import type { Audience } from "./session-party.ts";

/** What the groups of the gateway know of a server, and want to know. */
export interface Membership {
  /** The group that has the server as a member. */
  groupOf(server: ManagedServer): RegisteredName | undefined;
  /** Whether the server gets no calls until it has shown that it works. */
  isSuspected(server: ManagedServer): boolean;
  checked(server: ManagedServer, outcome: CheckOutcome): void;
}

/** What a server needs from the gateway around it. */
export interface ServerContext {
  readonly id: string;
  readonly options: ServerOptions;
  readonly transport: Transport;
  readonly breaker: CircuitBreaker;
  readonly slots: ConcurrencyLimit;
  readonly platform: Platform;
  readonly bus: TelemetryBus;
  /** Notifications of the server that belong to no request of ours. */
  readonly onNotification: (server: ManagedServer, notification: JsonRpcNotification, audience?: Audience) => void;
  /** A list of the server has other items than before. */
  readonly onListChanged: (server: ManagedServer, list: ListKind, changed: ReadonlySet<string> | undefined) => void;
  readonly onLog: (server: ManagedServer, line: string) => void;
  readonly membership: Membership;
}
