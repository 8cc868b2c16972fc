import { egress } from "@mcp-hangar/egress";
import type { SubprocessOptions } from "../../options.ts";
import type { Platform } from "../../platform/platform.ts";
import { diagnoseExit } from "../diagnosis.ts";
import { StartError } from "../session.ts";
import { resolveCommand } from "./command.ts";
import { damagedCache, npmCache } from "./damaged-cache.ts";
import { serverEnvironment } from "./environment.ts";
import { installerOf } from "./installer.ts";
import { installerEnvironment } from "./installer-environment.ts";
import { type RunAs, resolveRunAs } from "./run-as.ts";
import type { ServerProgram } from "./server-program.ts";
import { oversizeProblems, subprocessProblems } from "./subprocess-problems.ts";

/** What is needed of the options of `mode: subprocess`. */
export type ProcessOptions = Pick<SubprocessOptions, "command" | "args" | "env" | "cwd" | "user" | "group">;

/** Seconds that an installer gets to end by itself when the gateway is gone. */
const FETCH_GRACE_S = 10;

/** A server that is a program of this machine. */
export function subprocessProgram(
  options: ProcessOptions,
  { platform, id }: { readonly platform: Platform; readonly id: string },
): ServerProgram {
  const [command = ""] = typeof options.command === "string" ? [options.command] : options.command;
  const installer = installerOf(options);
  let cache: string | undefined;
  return {
    installer,
    async prepare() {
      requirePosix(platform, "subprocess");
      refuseUnusable(options, platform.os);
      const runAs = await resolveRunAs(options, platform);
      const inherited = runAs === undefined ? platform.env : { ...platform.env, ...environmentOf(runAs) };
      const forInstaller = installer === undefined ? {} : installerEnvironment(inherited, egress.rules);
      const env = serverEnvironment(inherited, { ...forInstaller, ...options.env });
      cache = npmCache(env);
      const graceSeconds = installer === undefined ? undefined : FETCH_GRACE_S;
      const command = { label: id, env, graceSeconds, ...(await resolveCommand(options, env.PATH)) };
      return runAs === undefined ? command : { ...command, runAs: { uid: runAs.uid, gid: runAs.gid } };
    },
    diagnose: (end) => damagedCache(installer, end, cache) ?? diagnoseExit({ command, ...end }),
  };
}

/** Where another user is at home; the folders of the gateway's own user are not for it. */
function environmentOf({ name, home }: RunAs): Readonly<Record<string, string | undefined>> {
  const folders = { XDG_CACHE_HOME: undefined, XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined };
  return { ...folders, XDG_RUNTIME_DIR: undefined, HOME: home ?? "/", USER: name, LOGNAME: name };
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
