import { registeredName, type TelemetryBus } from "@mcp-hangar/telemetry";
import type { ServerOptions } from "../options.ts";
import type { Platform } from "../platform/platform.ts";
import type { Implementation } from "../protocol/eras.ts";
import { httpTransport } from "./http/http-transport.ts";
import type { Transport } from "./session.ts";
import { stdioTransport } from "./stdio/index.ts";

/** What transports get from the gateway. */
export interface TransportContext {
  readonly platform: Platform;
  readonly bus: TelemetryBus;
  /** Name and version that upstream servers see. */
  readonly info: Implementation;
}

export type TransportFactory = (id: string, options: ServerOptions, context: TransportContext) => Transport;

/** The transport for a server's mode. */
export const createTransport: TransportFactory = (id, options, context) => {
  switch (options.mode) {
    case "subprocess":
      return stdioTransport(options, { platform: context.platform, id, info: context.info });
    case "remote":
      throw new Error(`${id}: not wired yet`);
  }
};
