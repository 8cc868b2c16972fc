import { nodeServer } from "../../src/harness/upstreams.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

/** Who ends the call: by default nobody but the upstream and the gateway. */
export type Act = "wait" | "cancel" | "modern client hangs up" | "legacy client hangs up";

/** How a call has to be counted. */
export interface Counted {
  readonly status: "success" | "error" | "timeout" | "rejected" | "cancelled";
  readonly errorType?: string;
  readonly rejection?: string;
  /** Duration that the histogram has to show at least, in seconds; absent if it must not observe the call. */
  readonly atLeastSeconds?: number;
  /** The label `tool`, where it differs from the tool called. */
  readonly toolLabel?: string;
}

/** One call and its outcome. Each row gets a server of its own, so that its counts stand alone. */
export interface Row {
  readonly name: string;
  readonly server: Readonly<Record<string, unknown>>;
  readonly tool: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly act?: Act;
  readonly counted: Counted;
}

const STDIO = fixtureFile("misbehaving/stdio.ts");

/** Stands for the endpoint of the misbehaving upstream over HTTP, which is known once it listens. */
export const HTTP_FIXTURE = "http://fixture.invalid/mcp";

/** Stands for a loopback endpoint on which nobody listens. */
export const NOBODY = "http://nobody.invalid/mcp";

const stdio = { ...nodeServer(STDIO), call_timeout_s: 60 };
const http = { mode: "remote", endpoint: HTTP_FIXTURE, call_timeout_s: 60 };
const refusing = { ...nodeServer(STDIO, "--refuse"), start_timeout_s: 30 };
const mute = { ...nodeServer(STDIO, "--mute"), start_timeout_s: 1 };
const missing = { mode: "subprocess", command: "/no/such/program", args: [] };
const absent = { mode: "remote", endpoint: NOBODY };
const impatient = { call_timeout_s: 1 };

/** How long a call lasts before its client ends it, in ms. */
export const LASTS_MS = 250;

/** Bounds in seconds. A call is never free, and the fixture's sleep is long enough to tell from a constant 0. */
const BRIEF = 0.0001;
const SLEPT = 0.35;
const TIMED_OUT = 0.9;
const CUT_SHORT = (LASTS_MS - 50) / 1_000;

const short = { ms: 400 };
/** Its client does not wait for the end. */
const long = { ms: 100_000 };

const succeeded = (atLeastSeconds = BRIEF): Counted => ({ status: "success", atLeastSeconds });
const failed = (errorType: string, atLeastSeconds = BRIEF): Counted => ({ status: "error", errorType, atLeastSeconds });
const notStarted: Counted = { status: "error", errorType: "start_failed", atLeastSeconds: 0, toolLabel: "_other" };
const timedOut: Counted = { status: "timeout", errorType: "timeout", atLeastSeconds: TIMED_OUT };
const cancelled: Counted = { status: "cancelled", atLeastSeconds: CUT_SHORT };
const unknown: Counted = { status: "rejected", rejection: "unknown_tool", toolLabel: "_other" };

/** Every way in which a call can end. */
export const ROWS: readonly Row[] = [
  { name: "a result", server: stdio, tool: "ok", counted: succeeded() },
  { name: "a result over HTTP", server: http, tool: "ok", counted: succeeded() },
  { name: "a slow result", server: stdio, tool: "sleep", args: short, counted: succeeded(SLEPT) },
  { name: "a slow result over HTTP", server: http, tool: "sleep", args: short, counted: succeeded(SLEPT) },
  { name: "isError", server: stdio, tool: "is_error", counted: failed("tool_error") },
  { name: "isError, late", server: stdio, tool: "slow_is_error", args: short, counted: failed("tool_error", SLEPT) },
  { name: "isError over HTTP", server: http, tool: "slow_is_error", args: short, counted: failed("tool_error", SLEPT) },
  { name: "a JSON-RPC error", server: stdio, tool: "rpc_error", counted: failed("upstream_error") },
  { name: "a JSON-RPC error over HTTP", server: http, tool: "rpc_error", counted: failed("upstream_error") },
  { name: "no answer in time", server: { ...stdio, ...impatient }, tool: "silence", counted: timedOut },
  { name: "no answer in time over HTTP", server: { ...http, ...impatient }, tool: "silence", counted: timedOut },
  { name: "a late answer", server: { ...stdio, ...impatient }, tool: "sleep", args: { ms: 1_300 }, counted: timedOut },
  { name: "a crash in mid call", server: stdio, tool: "crash", counted: failed("connection") },
  { name: "a connection reset in mid call", server: http, tool: "crash", counted: failed("connection") },
  { name: "an answer that is no response, over HTTP", server: http, tool: "garbage", counted: failed("protocol") },
  { name: "an answer that is no response", server: stdio, tool: "garbage", counted: failed("protocol") },
  { name: "a server that ends at its start", server: refusing, tool: "ok", counted: notStarted },
  { name: "a program that is not there", server: missing, tool: "ok", counted: notStarted },
  {
    name: "a server that never shakes hands",
    server: mute,
    tool: "ok",
    counted: { ...notStarted, atLeastSeconds: 0.9 },
  },
  { name: "a remote server that is not there", server: absent, tool: "ok", counted: notStarted },
  { name: "an unknown tool", server: stdio, tool: "no_such_tool", counted: unknown },
  {
    name: "a call that a legacy client cancels",
    server: stdio,
    tool: "sleep",
    args: long,
    act: "cancel",
    counted: cancelled,
  },
  { name: "the same over HTTP", server: http, tool: "sleep", args: long, act: "cancel", counted: cancelled },
  {
    name: "a modern client that hangs up, which cancels",
    server: stdio,
    tool: "sleep",
    args: long,
    act: "modern client hangs up",
    counted: cancelled,
  },
  {
    name: "the same, over HTTP",
    server: http,
    tool: "sleep",
    args: long,
    act: "modern client hangs up",
    counted: cancelled,
  },
  {
    name: "a legacy client that hangs up, which does not cancel",
    server: stdio,
    tool: "sleep",
    args: { ms: 2_000 },
    act: "legacy client hangs up",
    counted: succeeded(1.95),
  },
];
