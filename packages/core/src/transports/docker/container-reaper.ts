import type { Platform } from "../../platform/platform.ts";
import { spawnError } from "../stdio/server-process.ts";

/**
 * A POSIX shell program that removes one container when the gateway says so, or is gone.
 *
 * A container is no child of the client that runs it. It ends when its server does, of which the client tells it by the
 * end of input and by passing on SIGTERM; a server that heeds neither would run for ever once the client is killed. So
 * each container has a reaper in a process group of its own, out of reach of what ends the client's. The gateway holds
 * the other end of descriptor 3: a line means that the client has ended and the container must be gone; the end of file
 * means that the gateway is gone, and then the server is first given the time to end by itself. Nobody waits for the
 * reaper in that case, so that it bounds its own life.
 */
const REAPER = `
trap '' TERM INT HUP PIPE
if read -r _ <&3; then
  exec "$@" >/dev/null 3<&-
fi
exec >/dev/null 2>&1 3<&-
sleep 2
(sleep 30; kill -s KILL -- -$$) &
"$@"
kill -s KILL -- -$$
`;

/** Milliseconds that the removal of a container may take; engines answer within one second unless they hang. */
const REMOVAL_TIMEOUT_MS = 15_000;

/** Characters of the client's complaint that are quoted. */
const COMPLAINT_LENGTH = 500;

/** There is nothing left to remove, or the engine is about to do it. */
const GONE_ALREADY = /no such container|no container with (?:name|ID)|removal of container .* is already in progress/i;

/** What removes a container. */
export interface Removal {
  readonly platform: Platform;
  /** Absolute path of the engine's client. */
  readonly client: string;
  readonly env: Readonly<Record<string, string>>;
  /** Name of the container. */
  readonly name: string;
  /** Hears of a container that could not be removed. */
  readonly log: (line: string) => void;
}

/** Makes sure that a container is gone when the server is stopped, and when the gateway is killed. */
export class ContainerReaper {
  readonly #removal: Removal;
  readonly #child: ReturnType<Platform["spawn"]>;
  readonly #exit: Promise<number | undefined>;
  #complaint = "";
  #finished: Promise<void> | undefined;

  private constructor(removal: Removal, child: ReturnType<Platform["spawn"]>) {
    this.#removal = removal;
    this.#child = child;
    this.#exit = new Promise((resolve) => child.once("exit", (code) => resolve(code ?? undefined)));
    child.stderr?.on("data", (chunk: Buffer) => {
      if (this.#complaint.length < COMPLAINT_LENGTH) this.#complaint += chunk.toString("utf8");
    });
    // A reaper that was killed has nothing to read any more.
    child.stdio[3]?.on("error", () => undefined);
  }

  /**
   * Begins to watch over a container, which need not exist yet.
   * @throws StartError when the system has no process for it
   */
  static async start(removal: Removal): Promise<ContainerReaper> {
    const { platform, client, env, name } = removal;
    try {
      const command = ["-c", REAPER, `mcp-hangar-reaper:${name}`, client, "rm", "--force", "--volumes", name];
      const child = platform.spawn("/bin/sh", command, {
        detached: true,
        stdio: ["ignore", "ignore", "pipe", "pipe"],
        env: { ...env },
      });
      if (child.pid === undefined) await new Promise((_resolve, reject) => child.once("error", reject));
      return new ContainerReaper(removal, child);
    } catch (cause) {
      throw spawnError(cause);
    }
  }

  /** Removes the container, whether or not it runs. Idempotent; never rejects. */
  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<void> {
    const { platform, name, log, client } = this.#removal;
    const { pid } = this.#child;
    const order = this.#child.stdio[3];
    if (pid === undefined || order === null || order === undefined || !("end" in order)) {
      throw new TypeError("The platform has spawned a process without the pipe that was asked for.");
    }
    order.end("now\n");
    const { promise: late, resolve } = Promise.withResolvers<"late">();
    const cancel = platform.clock.schedule(REMOVAL_TIMEOUT_MS, () => resolve("late"));
    const end = await Promise.race([this.#exit, late]);
    cancel();
    const remedy = `See whether it is still there, and remove it with: ${client} rm --force ${name}`;
    if (end === "late") {
      platform.kill(-pid, "SIGKILL");
      await this.#exit;
      log(`the container ${name} was not removed within ${REMOVAL_TIMEOUT_MS / 1_000} s. ${remedy}`);
    } else if (end !== 0 && !GONE_ALREADY.test(this.#complaint)) {
      const complaint = this.#complaint.slice(0, COMPLAINT_LENGTH).trim();
      log(`the container ${name} could not be removed: ${complaint || "no reason given"}. ${remedy}`);
    }
  }
}
