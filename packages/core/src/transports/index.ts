import { registeredName, type TelemetryBus } from "@mcp-hangar/telemetry";
import type { ServerOptions } from "../options.ts";
import type { Platform } from "../platform/platform.ts";
import type { Implementation } from "../protocol/eras.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import { dockerTransport } from "./docker/index.ts";
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

/**
 * What a legacy server may ask for while it serves a call. One session serves many clients, so this is offered before
 * it is known who calls; a client that cannot answer is refused in its place, at once. Roots are not offered: servers
 * ask for them outside of calls, when it cannot be told which client is meant.
 */
const CLIENT_CAPABILITIES: JsonObject = { sampling: {}, elicitation: { form: {}, url: {} } };

/** The transport for a server's mode. A new mode is a case here, a schema in options.ts and a folder. */
export const createTransport: TransportFactory = (id, options, { platform, bus, info }) => {
  const context = { platform, id, info, capabilities: CLIENT_CAPABILITIES };
  switch (options.mode) {
    case "subprocess":
      return stdioTransport(options, { ...context, limits: { lineBytesMax: options.max_message_bytes } });
    case "docker":
      return dockerTransport(options, { ...context, limits: { lineBytesMax: options.max_message_bytes } });
    case "remote":
      return httpTransport(options, {
        platform,
        // The id comes from the configuration.
        server: registeredName(id),
        clientInfo: info,
        clientCapabilities: CLIENT_CAPABILITIES,
        emit: (event) => bus.emit(event),
        limits: { responseBytesMax: options.max_message_bytes },
      });
  }
};
