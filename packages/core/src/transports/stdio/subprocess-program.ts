import type { SubprocessOptions } from "../../options.ts";
import type { Platform } from "../../platform/platform.ts";
import { diagnoseExit } from "../diagnosis.ts";
import { StartError } from "../session.ts";
import { resolveCommand } from "./command.ts";
import { serverEnvironment } from "./environment.ts";
import type { ServerProgram } from "./server-program.ts";
import { oversizeProblems, subprocessProblems } from "./subprocess-problems.ts";

/** What is needed of the options of `mode: subprocess`. */
export type ProcessOptions = Pick<SubprocessOptions, "command" | "args" | "env" | "cwd">;

/** A server that is a program of this machine. */
export function subprocessProgram(
  options: ProcessOptions,
  { platform, id }: { readonly platform: Platform; readonly id: string },
): ServerProgram {
  const [command = ""] = typeof options.command === "string" ? [options.command] : options.command;
  return {
    async prepare() {
      requirePosix(platform, "subprocess");
      refuseUnusable(options, platform.os);
      const env = serverEnvironment(platform.env, options.env);
      return { label: id, env, ...(await resolveCommand(options, env.PATH)) };
    },
    diagnose: (end) => diagnoseExit({ command, ...end }),
  };
}

/** What the schema refuses is refused here for options that never met it; and the system has a limit of its own. */
function refuseUnusable(options: ProcessOptions, os: Platform["os"]): void {
  const [problem] = [...subprocessProblems(options), ...(os === "linux" ? oversizeProblems(options) : [])];
  if (problem === undefined) return;
  const option = problem.path.join(".");
  throw new StartError("invalid_options", `${option}: ${problem.message}`, { option });
}

/** @throws StartError where groups of processes cannot be supervised */
export function requirePosix(platform: Platform, mode: string): void {
  if (platform.os !== "win32") return;
  throw new StartError(
    "platform_unsupported",
    `servers in mode ${mode} need a POSIX system. Run the gateway in WSL or a container, or reach the server in mode remote.`,
  );
}
