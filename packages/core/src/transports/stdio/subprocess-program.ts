import type { SubprocessOptions } from "../../options.ts";
import type { Platform } from "../../platform/platform.ts";
import { diagnoseExit } from "../diagnosis.ts";
import { StartError } from "../session.ts";
import { resolveCommand } from "./command.ts";
import { serverEnvironment, unusableVariable } from "./environment.ts";
import type { ServerProgram } from "./server-program.ts";

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
      const env = serverEnvironment(platform.env, options.env);
      const unusable = unusableVariable(env);
      if (unusable !== undefined) {
        throw new StartError(
          "env_invalid",
          `"${unusable}" in "env" is not a name that a program can inherit. Rename it.`,
        );
      }
      return { label: id, env, ...(await resolveCommand(options, env.PATH)) };
    },
    diagnose: (end) => diagnoseExit({ command, ...end }),
  };
}

/** @throws StartError where groups of processes cannot be supervised */
export function requirePosix(platform: Platform, mode: string): void {
  if (platform.os !== "win32") return;
  throw new StartError(
    "platform_unsupported",
    `servers in mode ${mode} need a POSIX system. Run the gateway in WSL or a container, or reach the server in mode remote.`,
  );
}
