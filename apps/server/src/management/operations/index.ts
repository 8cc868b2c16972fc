import { Witnesses } from "@mcp-hangar/core";
import type { Operation } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { type NoOperation, noOperation, type RecordingParts, recorded } from "../recorded.ts";
import { auditOperations } from "./audit.ts";
import { batchOperations } from "./batch.ts";
import { configOperations } from "./config.ts";
import { continuationOperations } from "./continuations.ts";
import { discoveryOperations } from "./discovery.ts";
import { groupOperations } from "./groups.ts";
import { historyOperations } from "./history.ts";
import { keyOperations } from "./keys.ts";
import { lifecycleOperations } from "./lifecycle.ts";
import { registrationOperations } from "./registration.ts";
import { serverMetricsOperations } from "./server-metrics.ts";
import { serverToolOperations } from "./server-tools.ts";
import { serverOperations } from "./servers.ts";
import { systemOperations } from "./system.ts";

/**
 * Everything the gateway does for its operators, one topic a file. The management tools of `/mcp`, the REST interface and
 * its OpenAPI document are made of this list. A topic touches its parts only when one of its operations runs.
 */
export function createOperations(parts: ManagementParts): {
  readonly operations: readonly Operation[];
  readonly noOperation: NoOperation;
} {
  const operations = [
    ...serverOperations(parts),
    ...registrationOperations(parts),
    ...lifecycleOperations(parts),
    ...serverToolOperations(parts),
    ...serverMetricsOperations(parts),
    ...groupOperations(parts),
    ...discoveryOperations(parts),
    ...batchOperations(parts),
    ...continuationOperations(parts),
    ...historyOperations(parts),
    ...auditOperations(parts),
    ...configOperations(parts),
    ...keyOperations(parts),
    ...systemOperations(parts),
  ];
  const { platform, gateway } = parts;
  const witnesses = new Witnesses(parts, platform.clock);
  const recording: RecordingParts = {
    newId: () => platform.uuid(),
    admit: (caller) => gateway.admitOperation(caller),
  };
  return {
    operations: operations.map((operation) => recorded(operation, witnesses, recording)),
    noOperation: noOperation(witnesses, recording),
  };
}
