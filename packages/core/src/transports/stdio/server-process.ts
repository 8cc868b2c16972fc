import type { Readable, Writable } from "node:stream";
import type { Platform } from "../../platform/platform.ts";
import { StartError } from "../session.ts";
import type { StdioLimits, StopGrace } from "./limits.ts";
import {
  STATUS_DESCRIPTOR,
  type SupervisedCommand,
  type SupervisorProcess,
  spawnSupervised,
  sweepUp,
} from "./supervisor.ts";

/** How a server ended: with the exit code a shell would show, 128 + n for signal n; `undefined` when nobody can tell. */
export interface ServerExit {
  readonly code: number | undefined;
}

interface Started {
  readonly child: SupervisorProcess;
  readonly command: SupervisedCommand;
  /** Names this start: what the server starts inherits it. */
  readonly run: string;
}

/** A server as an operating system process, with its whole process group. */
export class ServerProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process group is gone and everything it wrote has been read. */
  readonly ended: Promise<ServerExit>;
  /** Resolves when what the program leaves behind outside of the group is gone, too, as far as it can be found. */
  readonly gone: Promise<void>;
  readonly #platform: Platform;
  readonly #group: number;
  #stopping: Promise<void> | undefined;
  #over = false;

  private constructor(platform: Platform, { child, command, run }: Started, { drainMs }: Pick<StdioLimits, "drainMs">) {
    const { stdin, stdout, stderr, pid } = child;
    const status = child.stdio[STATUS_DESCRIPTOR];
    if (pid === undefined || stdin === null || stdout === null || stderr === null || !isReadable(status)) {
      throw new TypeError("The platform has spawned a process without the pipes that were asked for.");
    }
    this.#platform = platform;
    this.#group = -pid;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.ended = this.#watch(child, status, drainMs);
    this.gone = this.ended.then(async ({ code }) => {
      // Without a report the supervisor was killed, and did not get to it.
      if (code === undefined) await sweepUp(platform, command, run);
      await command.cleanUp?.();
    });
  }

  /**
   * Starts the program under a supervisor.
   * @throws StartError with `spawn_failed` or `shell_missing`
   */
  static async start(platform: Platform, command: SupervisedCommand, limits: StdioLimits): Promise<ServerProcess> {
    let child: SupervisorProcess;
    const run = platform.uuid();
    try {
      child = spawnSupervised(platform, command, run);
      if (child.pid === undefined) {
        await new Promise((_resolve, reject) => child.once("error", reject));
      }
    } catch (cause) {
      await command.cleanUp?.();
      throw spawnError(cause);
    }
    return new ServerProcess(platform, { child, command, run }, limits);
  }

  /** Id of the supervisor, and of the process group. */
  get pid(): number {
    return -this.#group;
  }

  /** Ends the process group, gently first. Resolves when everything is gone; later calls join the first. */
  stop(grace: StopGrace): Promise<void> {
    this.#stopping ??= this.#stop(grace);
    return this.#stopping;
  }

  async #stop(grace: StopGrace): Promise<void> {
    this.stdin.end();
    if (!(await this.#endsWithin(grace.eofMs))) {
      this.#signal("SIGTERM");
      if (!(await this.#endsWithin(grace.termMs))) this.#signal("SIGKILL");
    }
    await this.gone;
  }

  async #endsWithin(ms: number): Promise<boolean> {
    if (ms <= 0 || this.#over) return this.#over;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#platform.clock.schedule(ms, resolve);
    await Promise.race([this.ended, promise]);
    cancel();
    return this.#over;
  }

  #signal(signal: NodeJS.Signals): void {
    // Once the supervisor is gone, its group is, too, and the number may belong to somebody else.
    if (this.#over) return;
    try {
      this.#platform.kill(this.#group, signal);
    } catch {
      // EPERM: what is left of the group runs as another user, or (on macOS) is dead and not reaped yet.
    }
  }

  async #watch(child: SupervisorProcess, status: Readable, drainMs: number): Promise<ServerExit> {
    let report = "";
    status.setEncoding("latin1").on("data", (text: string) => {
      report += text;
    });
    const pipes = [this.stdin, this.stdout, this.stderr, status];
    // A pipe that breaks says nothing that the end of the process does not say better.
    for (const pipe of pipes) pipe.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    await new Promise<void>((resolve) => child.once("exit", () => resolve()));
    // Only for a supervisor that was killed itself: what remains of the group still holds its number.
    this.#signal("SIGKILL");
    this.#over = true;
    // A process that left the group may hold the pipes open for as long as it lives.
    const cancel = this.#platform.clock.schedule(drainMs, () => {
      for (const pipe of pipes) pipe.destroy();
    });
    await closed;
    cancel();
    const code = Number.parseInt(report, 10);
    return { code: Number.isNaN(code) ? undefined : code };
  }
}

function isReadable(pipe: Readable | Writable | null | undefined): pipe is Readable {
  return pipe !== null && pipe !== undefined && "setEncoding" in pipe;
}

/** Why the system created no process. */
export function spawnError(cause: unknown): StartError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
  if (code === "ENOENT") {
    return new StartError(
      "shell_missing",
      "/bin/sh is missing, under which servers are supervised. Use an image with a POSIX shell.",
      { cause },
    );
  }
  const todo =
    code === "EAGAIN" || code === "ENOMEM" || code === "EMFILE" || code === "ENFILE"
      ? "The system is out of processes, memory or open files: raise the limit, or run fewer servers."
      : code === "E2BIG"
        ? 'The arguments and variables are too large together: shorten "args" or "env".'
        : 'Check "command", "args", "env" and "cwd".';
  return new StartError("spawn_failed", `the process could not be created (${code ?? String(cause)}). ${todo}`, {
    cause,
  });
}
