import type { Batches, ContinuationStore, Discovery, Gateway, Platform } from "@mcp-hangar/core";
import type { GatewaySnapshot, TelemetryBus } from "@mcp-hangar/telemetry";
import type { Access } from "../access/access.ts";
import type { AccessSystem } from "../access/create-access.ts";
import type { History } from "../history/history.ts";
import type { Health } from "../http/health.ts";
import type { Reloader } from "../reload/reloader.ts";
import type { CallStatistics } from "./call-statistics.ts";
import type { ManagementOptions } from "./options.ts";
import type { OperationRecord } from "./recorded.ts";

/** What the operations work on. */
export interface ManagementParts {
  readonly gateway: Gateway;
  readonly discovery: Discovery;
  readonly batches: Batches;
  readonly continuations: ContinuationStore;
  readonly bus: TelemetryBus;
  readonly platform: Platform;
  readonly access: Access;
  readonly accessSystem: AccessSystem;
  readonly health: Health;
  /** `undefined` when the configuration asks for none. */
  readonly history: History | undefined;
  readonly snapshot: () => GatewaySnapshot;
  readonly statistics: CallStatistics;
  readonly options: ManagementOptions;
  readonly reloader: Reloader;
  /** Told of each time somebody asked to change something. */
  readonly onChange: (record: OperationRecord) => void;
}
