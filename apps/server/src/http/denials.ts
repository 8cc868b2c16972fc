import type { IncomingMessage } from "node:http";
import type { Clock } from "@mcp-hangar/core";
import type { Caller, DenialReason, Door, TelemetryBus } from "@mcp-hangar/telemetry";
import type { Refusal } from "./answer.ts";
import type { RequestOrigin } from "./client-address.ts";

/** What is known of somebody who was not let in. */
export interface Denied {
  readonly door: Door;
  readonly reason: DenialReason;
  readonly permission?: string;
  readonly caller?: Caller;
}

export interface DenialsOptions {
  readonly bus: TelemetryBus;
  readonly clock: Clock;
  readonly origin: Pick<RequestOrigin, "address">;
}

/** Tells the bus of everybody who was refused with 403 at a door of HTTP. */
export class Denials {
  readonly #options: DenialsOptions;

  constructor(options: DenialsOptions) {
    this.#options = options;
  }

  report(request: IncomingMessage, { door, reason, permission, caller }: Denied): void {
    const { bus, clock, origin } = this.#options;
    const remoteAddress = origin.address(request) || undefined;
    bus.emit({ type: "access.denied", timeMs: clock.wallMs(), door, reason, permission, caller, remoteAddress });
  }

  /** The same for a request that the guard has refused, if it was for what it says of where it comes from. */
  reportGuarded(request: IncomingMessage, door: Door, { code }: Refusal): void {
    if (code === "host_not_allowed") this.report(request, { door, reason: "host" });
    else if (code === "origin_not_allowed") this.report(request, { door, reason: "origin" });
  }
}
