import type { Platform } from "../../platform/platform.ts";
import { quoteStderr } from "../diagnosis.ts";
import type { SessionObserver } from "../session.ts";
import { StdioConnection } from "./connection.ts";
import type { StdioLimits } from "./limits.ts";
import { LinePace } from "./line-pace.ts";
import { PipeWriter } from "./pipe-writer.ts";
import { type ServerExit, ServerProcess } from "./server-process.ts";
import { StderrTail } from "./stderr-tail.ts";
import type { SupervisedCommand } from "./supervisor.ts";

/** What a channel works with. */
export interface ChannelContext {
  readonly platform: Platform;
  readonly observer: SessionObserver;
  readonly limits: StdioLimits;
  /** Whether the session is for one client or caller alone. */
  readonly isSole: boolean;
  /** The server has sent something that is a message. */
  readonly onFirstMessage?: (() => void) | undefined;
  /** How a process ended, as a clause. */
  readonly describeEnd: (code: number | undefined) => string;
}

/** A running server process and the connection over its pipes, which live and end together. */
export class StdioChannel {
  readonly connection: StdioConnection;
  readonly #process: ServerProcess;
  readonly #stderr: StderrTail;
  readonly #limits: StdioLimits;
  readonly #observer: SessionObserver;
  readonly #describeEnd: ChannelContext["describeEnd"];
  /** Whether the end of the server is news for the observer. */
  #announced = false;
  #closed = false;

  private constructor(process: ServerProcess, context: ChannelContext) {
    const { platform, observer, limits, describeEnd, isSole, onFirstMessage } = context;
    this.#process = process;
    this.#describeEnd = describeEnd;
    this.#limits = limits;
    this.#observer = observer;
    const pace = new LinePace(platform.clock, process.stderr);
    this.#stderr = new StderrTail(limits, pace, (line) => observer.onLog(line));
    this.connection = new StdioConnection({
      writer: new PipeWriter(process.stdin, platform.clock, limits.queueLengthMax),
      clock: platform.clock,
      observer,
      limits,
      isSole,
      onFirstMessage,
      flow: process.stdout,
      onBroken: (message) => this.#break(message),
    });
    process.stdout.on("data", (chunk: Buffer) => this.connection.read(chunk));
    process.stderr.on("data", (chunk: Buffer) => this.#stderr.push(chunk));
    void process.ended.then((exit) => this.#onEnded(exit));
  }

  /** Starts the server. @throws StartError */
  static async open(command: SupervisedCommand, context: ChannelContext): Promise<StdioChannel> {
    const process = await ServerProcess.start(context.platform, command, context.limits);
    return new StdioChannel(process, context);
  }

  /** Last lines of the server's stderr, oldest first. */
  get stderr(): readonly string[] {
    return this.#stderr.lines;
  }

  /** Id of the supervisor of the server, and of its process group. */
  get pid(): number {
    return this.#process.pid;
  }

  /** From now on the observer hears of an end that comes unasked. */
  announceEnd(): void {
    this.#announced = true;
  }

  /** Resolves when the process group is gone. */
  async ended(): Promise<ServerExit> {
    return this.#process.ended;
  }

  /** Resolves when, beyond that, everything is gone that the program leaves behind elsewhere. */
  async gone(): Promise<void> {
    return this.#process.gone;
  }

  /** Ends the session in peace: the server gets the time it needs to tidy up. */
  close(): Promise<void> {
    this.#closed = true;
    this.connection.end("connection", "the session with the server was closed");
    return this.#process.stop(this.#limits.stop);
  }

  /** Ends a server that is of no use; an installer that is fetching it gets the time to leave nothing half done. */
  abandon(isFetching = false): Promise<void> {
    this.#closed = true;
    this.connection.end("connection", "the server was given up");
    return this.#process.stop(isFetching ? this.#limits.abandonFetch : this.#limits.abandon);
  }

  #break(message: string): void {
    const hadSession = this.#announced && !this.#closed;
    void this.abandon();
    if (hadSession) this.#observer.onClosed({ reason: "crashed", message });
  }

  #onEnded({ code }: ServerExit): void {
    this.#stderr.end();
    const end = `the server process ${this.#describeEnd(code)}`;
    this.connection.end("connection", end);
    if (this.#announced && !this.#closed) {
      this.#closed = true;
      this.#observer.onClosed({ reason: "crashed", message: `${end}.${quoteStderr(this.#stderr.lines)}` });
    }
  }
}
