import type { IncomingMessage } from "node:http";
import type { Platform } from "@mcp-hangar/core";
import {
  type Caller,
  type OperationFinished,
  type OperationOutcome,
  registeredName,
  type TelemetryBus,
} from "@mcp-hangar/telemetry";
import { refusalAnswer } from "../http/answer.ts";
import type { RequestOrigin } from "../http/client-address.ts";
import type { Unrouted } from "../http/route.ts";
import { type AdmitOperation, rateLimitFailure } from "./rate-limit.ts";
import { failureAnswer } from "./rest.ts";
import { restClient } from "./rest-client.ts";

/** What following the events is called where operations are counted and told: its `operationId`. */
const STREAM_OPERATION = "followEvents";
/** What stands there for everything that the interface does not have. */
const NO_OPERATION = "_other";

interface CallerRequest {
  readonly http: IncomingMessage;
  readonly caller: Caller;
}

/** Tells that a caller begins to follow the events, or is refused: `done`, or the code of the failure. */
export type TellStream = (request: CallerRequest, outcome: OperationOutcome) => void;

interface UnlistedParts {
  readonly bus: TelemetryBus;
  readonly platform: Pick<Platform, "clock" | "uuid">;
  readonly origin: Pick<RequestOrigin, "address">;
  /** The rate limit of callers. */
  readonly admit: AdmitOperation;
}

/** Makes an event of what callers do at the interface of the management that is no operation of the list. */
export function unlistedOperations({ bus, platform, origin, admit }: UnlistedParts): {
  readonly tellStream: TellStream;
  readonly unrouted: Unrouted;
} {
  type Told = Pick<OperationFinished, "effect" | "target" | "outcome">;
  const tell = ({ http, caller }: CallerRequest, operation: string, told: Told): void =>
    bus.emit({
      type: "operation.finished",
      timeMs: platform.clock.wallMs(),
      operationId: platform.uuid(),
      operation: registeredName(operation),
      door: "rest",
      change: undefined,
      durationSeconds: 0,
      caller,
      client: restClient(http, origin.address(http)),
      ...told,
    });
  return {
    tellStream: (request, outcome) => tell(request, STREAM_OPERATION, { effect: "read", target: undefined, outcome }),
    unrouted(request, refusal) {
      const { method = "", url = "" } = request.http;
      const [path = ""] = url.split("?", 1);
      const limited = admit(request.caller);
      tell(request, NO_OPERATION, {
        effect: method === "GET" || method === "HEAD" ? "read" : "change",
        target: `${method} ${path.slice(0, 100)}`,
        outcome: limited?.code ?? "invalid_request",
      });
      return limited === undefined ? refusalAnswer(refusal) : failureAnswer(rateLimitFailure(limited));
    },
  };
}
