import type { IncomingMessage } from "node:http";
import type { Platform } from "@mcp-hangar/core";
import { type Caller, type OperationOutcome, registeredName, type TelemetryBus } from "@mcp-hangar/telemetry";
import type { RequestOrigin } from "../../http/client-address.ts";
import { restClient } from "../rest-client.ts";

/** What following the events is called where operations are counted and told: its `operationId`. */
const STREAM_OPERATION = "followEvents";

/** Tells that a caller begins to follow the events, or is refused: `done`, or the code of the failure. */
export type TellStream = (
  request: { readonly http: IncomingMessage; readonly caller: Caller },
  outcome: OperationOutcome,
) => void;

/** Makes an event of each client that follows the events: it is no operation of the list, but its caller reads, too. */
export function streamRecords(
  bus: TelemetryBus,
  platform: Pick<Platform, "clock" | "uuid">,
  origin: Pick<RequestOrigin, "address">,
): TellStream {
  return ({ http, caller }, outcome) =>
    bus.emit({
      type: "operation.finished",
      timeMs: platform.clock.wallMs(),
      operationId: platform.uuid(),
      operation: registeredName(STREAM_OPERATION),
      effect: "read",
      door: "rest",
      target: undefined,
      outcome,
      change: undefined,
      durationSeconds: 0,
      caller,
      client: restClient(http, origin.address(http)),
    });
}
