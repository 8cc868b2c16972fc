import type { Attempt, AttemptCode, RegisteredName, ServerMode } from "@mcp-hangar/telemetry";
import type { CallResult } from "./call.ts";
import type { ManagedServer } from "./lifecycle/managed-server.ts";
import type { MessageSizes } from "./transports/session.ts";

/** The book-keeping of one attempt at one server; the transport notes the sizes of its messages. */
export class AttemptRecord implements Attempt, MessageSizes {
  readonly server: RegisteredName;
  readonly mode: ServerMode;
  readonly address: string | undefined;
  protocolVersion: string | undefined;
  waitedSeconds = 0;
  coldStartSeconds: number | undefined;
  upstreamSeconds: number | undefined;
  requestBytes: number | undefined;
  responseBytes: number | undefined;
  /** Until it is known. */
  code: AttemptCode = "internal";

  constructor({ id, options, address }: ManagedServer) {
    this.server = id;
    this.mode = options.mode;
    this.address = address;
  }
}

/** How an attempt ended, in one word. */
export function attemptCode(result: CallResult): AttemptCode {
  switch (result.kind) {
    case "result":
      return result.result.isError ? "tool_error" : "success";
    case "error":
      return "upstream_error";
    case "failure":
      return result.code;
  }
}
