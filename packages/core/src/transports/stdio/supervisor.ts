import type { Platform } from "../../platform/platform.ts";

/**
 * A POSIX shell program that runs a server as the child of a supervisor, so that nothing of it outlives the gateway,
 * not even when the gateway is killed with SIGKILL and can do nothing about it any more.
 *
 * The shell leads a process group of its own. The gateway holds the other end of file descriptor 3 and never writes to
 * it, so that a read there ends exactly when the gateway is gone, by whatever means: the kernel closes it. One subshell
 * waits for that and then ends the group. The shell itself waits for the server, passes its exit code on through
 * descriptor 3, and ends by killing the group, itself included, which takes everything along that the server left
 * behind. No moment exists in which neither of the two watches:
 *
 * - TERM, INT and HUP are ignored while the watcher is forked, so that it inherits that and lives through a graceful
 *   TERM to the group. Then the shell traps them, which the server inherits as the default action.
 * - The server runs in the foreground: a shell starts background jobs without stdin and with SIGINT ignored.
 * - The watcher holds none of the pipes, so that they close when the server closes them.
 * - The shell's own stderr is silenced, because some shells report there how the server was killed.
 * - Nobody may be left to read the exit code: SIGPIPE must not end the shell before it has killed the group.
 * - The watcher is reaped by the shell, so that no zombie is left to a gateway that runs as pid 1 of a container.
 */
const SUPERVISOR = `
trap '' TERM INT HUP
(
  PATH=/usr/bin:/bin
  read -r _ <&3
  kill -s TERM -- -$$
  sleep 1
  kill -s KILL -- -$$
) </dev/null >/dev/null 2>&1 4<&- &
watcher=$!
trap : TERM INT HUP
exec 4>&2 2>/dev/null
(exec "$@" 2>&4 3<&- 4>&-)
code=$?
kill -s KILL "$watcher"
wait "$watcher"
trap '' PIPE
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
  /** Frees what the program leaves behind outside of its process group. Called once, after the group; never rejects. */
  readonly cleanUp?: (() => Promise<void>) | undefined;
}

/** The supervisor as a child process; its pid is also the id of the server's process group. */
export type SupervisorProcess = ReturnType<Platform["spawn"]>;

/** Descriptor over which the supervisor reports the server's exit code, as a decimal line. */
export const STATUS_DESCRIPTOR = 3;

/** Starts a program under a supervisor of its own. Its stdin, stdout and stderr are pipes. */
export function spawnSupervised(platform: Platform, command: SupervisedCommand): SupervisorProcess {
  return platform.spawn("/bin/sh", ["-c", SUPERVISOR, `mcp-hangar:${command.label}`, command.file, ...command.args], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    cwd: command.cwd,
    env: { ...command.env },
  });
}
