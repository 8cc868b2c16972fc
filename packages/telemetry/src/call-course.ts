import type { RegisteredName } from "./registered-name.ts";
import type { DECISIONS, ErrorType, RejectionReason, ResultType, ServerMode } from "./vocabulary.ts";

/** What decided that a caller may or may not do something. */
export interface Decision {
  readonly result: (typeof DECISIONS)[number];
  /** The role that allows it, such as `role:operator`, or what denies it; `open` where nobody is asked who they are. */
  readonly by: string;
}

/** One attempt at one server to do what a caller asked for: a call of a group may need several. */
export interface Attempt {
  readonly server: RegisteredName;
  readonly mode: ServerMode;
  /** Revision of MCP that the server speaks; `undefined` when it was not reached. */
  readonly protocolVersion: string | undefined;
  /** Host and port of a remote server; `undefined` for others. */
  readonly address: string | undefined;
  /** Waiting for a slot. */
  readonly waitedSeconds: number;
  /** Waiting for the start of the server; `undefined` when it ran. */
  readonly coldStartSeconds: number | undefined;
  /** From the request to the answer, or to giving up; `undefined` when nothing was sent. */
  readonly upstreamSeconds: number | undefined;
  /** Size of the JSON-RPC messages; `undefined` for what was not sent or did not come. */
  readonly requestBytes: number | undefined;
  readonly responseBytes: number | undefined;
  /** `success`, or why it failed: an error type, a rejection reason or `cancelled`. */
  readonly code: AttemptCode;
}

export type AttemptCode = "success" | "cancelled" | ErrorType | RejectionReason;

/** How a call ended. Each finished call has exactly one. */
export type CallOutcome =
  | { readonly status: "success"; readonly resultType: ResultType }
  | { readonly status: "error"; readonly errorType: Exclude<ErrorType, "timeout">; readonly message: string }
  | { readonly status: "timeout"; readonly errorType: "timeout"; readonly message: string }
  | { readonly status: "rejected"; readonly reason: RejectionReason; readonly message: string }
  | { readonly status: "cancelled"; readonly message: string };

/** The place of a call in a batch. */
export interface BatchItem {
  readonly id: string;
  /** Position among the calls of the batch, from 0. */
  readonly index: number;
  /** Which attempt of the batch at this item it is, from 1. */
  readonly attempt: number;
}
