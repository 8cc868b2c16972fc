import type { Platform } from "../../platform/platform.ts";

/**
 * Kills whatever carries the run of the server in its environment, wherever it went: a process that has left the group with
 * `setsid` has still inherited it. Only where there is a /proc; several rounds, because what is killed may have forked.
 */
const SWEEP = `
sweep() {
  [ -r /proc/self/environ ] || return 0
  for _ in 1 2 3; do
    found=
    for file in $(grep -lszxF "MCP_HANGAR_RUN=$run" /proc/[0-9]*/environ); do
      pid=\${file#/proc/}
      kill -s KILL "\${pid%/environ}" && found=1
    done
    [ -n "$found" ] || return 0
  done
}
`;

/**
 * A POSIX shell program that runs a server as the child of a supervisor, so that nothing of it outlives the gateway,
 * not even when the gateway is killed with SIGKILL and can do nothing about it any more.
 *
 * The shell leads a process group of its own. The gateway holds the other end of file descriptor 3 and never writes to
 * it, so that a read there ends exactly when the gateway is gone, by whatever means: the kernel closes it. One subshell
 * waits for that and then ends the group. The shell itself waits for the server, sweeps up what has left the group, passes
 * the server's exit code on through descriptor 3, and ends by killing the group, itself included, which takes everything
 * along that the server left behind. No moment exists in which neither of the two watches:
 *
 * - TERM, INT and HUP are ignored while the watcher is forked, so that it inherits that and lives through a graceful
 *   TERM to the group. Then the shell traps them, which the server inherits as the default action.
 * - The server runs in the foreground: a shell starts background jobs without stdin and with SIGINT ignored.
 * - The watcher holds none of the pipes, so that they close when the server closes them.
 * - The shell's own stderr is silenced, because some shells report there how the server was killed.
 * - Nobody may be left to read the exit code: SIGPIPE must not end the shell before it has killed the group.
 * - The watcher is reaped by the shell, so that no zombie is left to a gateway that runs as pid 1 of a container.
 * - Only the server has the run in its environment, so that a sweep does not find the shell itself.
 */
const SUPERVISOR = `
run=$1
grace=$2
shift 2
${SWEEP}
trap '' TERM INT HUP
(
  PATH=/usr/bin:/bin
  read -r _ <&3
  kill -s TERM -- -$$
  sleep "$grace"
  sweep
  kill -s KILL -- -$$
) </dev/null >/dev/null 2>&1 4<&- &
watcher=$!
trap : TERM INT HUP
exec 4>&2 2>/dev/null
(export MCP_HANGAR_RUN="$run"; exec "$@" 2>&4 3<&- 4>&-)
code=$?
kill -s KILL "$watcher"
wait "$watcher"
trap '' PIPE
PATH=/usr/bin:/bin
sweep
echo "$code" >&3
kill -s KILL -- -$$
`;

/** A program to run under supervision. */
export interface SupervisedCommand {
  /** Shown by `ps` in the supervisor's line. */
  readonly label: string;
  /** Absolute path of the program. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** As whom program and supervisor run; as the gateway when absent. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
  /** Seconds that it gets to end by itself when the gateway is gone; 1 when absent. */
  readonly graceSeconds?: number | undefined;
  /** Frees what the program leaves behind outside of its process group. Called once, after the group; never rejects. */
  readonly cleanUp?: (() => Promise<void>) | undefined;
}

/** The supervisor as a child process; its pid is also the id of the server's process group. */
export type SupervisorProcess = ReturnType<Platform["spawn"]>;

/** Descriptor over which the supervisor reports the server's exit code, as a decimal line. */
export const STATUS_DESCRIPTOR = 3;

/** Starts a program under a supervisor of its own. Its stdin, stdout and stderr are pipes. `run` names this start. */
export function spawnSupervised(platform: Platform, command: SupervisedCommand, run: string): SupervisorProcess {
  const { label, file, args, cwd, env, runAs, graceSeconds = 1 } = command;
  return platform.spawn(
    "/bin/sh",
    ["-c", SUPERVISOR, `mcp-hangar:${label}`, run, String(graceSeconds), file, ...args],
    {
      detached: true,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      cwd,
      env: { ...env },
      ...runAs,
    },
  );
}

/**
 * Sweeps up after a supervisor that was killed before it could do so. As whom the server ran, because only such a process
 * may see its environment. Resolves when it is done; never rejects.
 */
export async function sweepUp(
  platform: Platform,
  { runAs }: Pick<SupervisedCommand, "runAs">,
  run: string,
): Promise<void> {
  if (platform.os !== "linux") return;
  try {
    const sweeper = platform.spawn("/bin/sh", ["-c", `run=$1\n${SWEEP}\nsweep`, "mcp-hangar:sweep", run], {
      stdio: "ignore",
      env: { PATH: "/usr/bin:/bin" },
      ...runAs,
    });
    await new Promise<void>((resolve) => sweeper.once("close", () => resolve()).once("error", () => resolve()));
  } catch {
    // No process can be created now, and nothing that matters depends on it.
  }
}
