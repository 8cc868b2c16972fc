import { constants } from "node:os";
import { redactText } from "@mcp-hangar/telemetry";
import { StartError } from "./session.ts";

/** What is known of a server process that did not become a session. */
export interface FailedStart {
  /** The program as the configuration names it. */
  readonly command: string;
  /** Exit code as a shell shows it; `undefined` when the supervisor was killed and nobody can tell. */
  readonly code: number | undefined;
  /** Last lines of stderr, oldest first. */
  readonly stderr: readonly string[];
  /** Lines on stdout that were no messages of MCP. */
  readonly noise: number;
}

/** Lines of stderr quoted in a message: the end of a stack trace and what led to it. */
const QUOTED_LINES = 8;
const QUOTED_LENGTH = 300;

/** Lowest exit code that a shell uses for "killed by a signal". */
const SIGNAL_BASE = 128;

/** Says why a server process ended before it spoke MCP, and what to do about it. */
export function diagnoseExit(start: FailedStart): StartError {
  const { code, message } = explain(start);
  return new StartError(code, `${message}${quoteStderr(start.stderr)}`);
}

/** How a process ended, as a clause: "exited with code 1". */
export function describeExit(code: number | undefined): string {
  if (code === undefined) return "was killed together with its supervisor";
  const signal = signalOf(code);
  if (signal === undefined) return `exited with code ${code}`;
  if (signal === "SIGKILL") return "was killed with SIGKILL (exit code 137), perhaps for want of memory";
  return `was ended by ${signal} (exit code ${code})`;
}

/** The last lines of stderr as the end of a message; empty when there are none. */
export function quoteStderr(lines: readonly string[]): string {
  if (lines.length === 0) return " It wrote nothing to stderr.";
  const quoted = lines.slice(-QUOTED_LINES).map((line) => redactText(line, QUOTED_LENGTH));
  return ` Its last words on stderr:\n${quoted.join("\n")}`;
}

function explain({ command, code, stderr, noise }: FailedStart): { code: string; message: string } {
  const missing = missingModule(stderr);
  if (missing !== undefined) {
    return {
      code: "module_missing",
      message: `${command} could not load ${missing}. Install the server's packages, or correct the path in "args".`,
    };
  }
  if (code === 127) {
    return {
      code: "command_not_found",
      message: `${command} was not found, or is a script whose interpreter is missing (exit code 127). Install it, or correct its first line.`,
    };
  }
  if (code === 126) {
    return {
      code: "not_executable",
      message: `${command} cannot be executed on this system (exit code 126). Check its permissions and its architecture.`,
    };
  }
  const end = describeExit(code);
  if (code === undefined || signalOf(code) === "SIGKILL") {
    return {
      code: "killed",
      message: `${command} ${end} before it answered. Look for an out-of-memory kill in the system's log, and raise the limit.`,
    };
  }
  if (signalOf(code) !== undefined) {
    return { code: "killed", message: `${command} ${end} before it answered. Run it by hand to see why.` };
  }
  if (noise > 0) {
    return {
      code: "not_mcp",
      message: `${command} wrote to stdout what is not MCP, and ${end}. Check that the command starts an MCP server in stdio mode.`,
    };
  }
  return {
    code: "exited",
    message: `${command} ${end} before it answered. Check "args" and "env", or run it by hand with the same arguments.`,
  };
}

function signalOf(code: number): string | undefined {
  const number = code - SIGNAL_BASE;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

const MISSING_MODULE = [
  /Cannot find (?:module|package) '([^']+)'/,
  /ModuleNotFoundError: No module named '([^']+)'/,
  /ImportError: No module named (\S+)/,
  /No module named ([\w.]+)$/,
  /can't open file '([^']+)'/,
] as const;

function missingModule(stderr: readonly string[]): string | undefined {
  for (const line of stderr) {
    for (const pattern of MISSING_MODULE) {
      const name = pattern.exec(line)?.[1];
      if (name !== undefined) return `'${name}'`;
    }
  }
  return undefined;
}
