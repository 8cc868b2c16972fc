import type { Batches, ContinuationStore, Discovery, Gateway, Platform } from "@mcp-hangar/core";
import type { GatewaySnapshot, Telemetry } from "@mcp-hangar/telemetry";
import type { Access } from "../access/access.ts";
import type { AccessSystem } from "../access/create-access.ts";
import type { Compliance } from "../compliance/create-compliance.ts";
import type { History } from "../history/history.ts";
import type { Health } from "../http/health.ts";
import type { Reloader } from "../reload/reloader.ts";
import type { CallStatistics } from "./call-statistics.ts";
import type { ManagementOptions } from "./options.ts";

/** What the operations work on. */
export interface ManagementParts extends Telemetry {
  readonly gateway: Gateway;
  readonly discovery: Discovery;
  readonly batches: Batches;
  readonly continuations: ContinuationStore;
  readonly platform: Platform;
  readonly access: Access;
  readonly accessSystem: AccessSystem;
  readonly health: Health;
  /** `undefined` when the configuration asks for none. */
  readonly history: History | undefined;
  /** Reads the audit journal; `undefined` when none is kept. */
  readonly auditTrail: Compliance["trail"];
  readonly snapshot: () => GatewaySnapshot;
  readonly statistics: CallStatistics;
  readonly options: ManagementOptions;
  readonly reloader: Reloader;
}
