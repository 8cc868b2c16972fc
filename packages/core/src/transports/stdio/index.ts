import type { CancelSignal } from "../../platform/cancellation.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Era, Implementation } from "../../protocol/eras.ts";
import { modernHop } from "../../protocol/handshake.ts";
import type { JsonObject } from "../../protocol/json-rpc.ts";
import { describeExit, quoteStderr } from "../diagnosis.ts";
import { type SessionObserver, type SoleUse, StartError, type Transport, type UpstreamSession } from "../session.ts";
import { StdioChannel } from "./channel.ts";
import { FetchPhase } from "./fetch-phase.ts";
import { ConnectionEnded, shakeHands } from "./handshake.ts";
import { STDIO_LIMITS, type StdioLimits } from "./limits.ts";
import type { ServerProgram } from "./server-program.ts";
import { StdioSession } from "./session.ts";
import { type ProcessOptions, subprocessProgram } from "./subprocess-program.ts";

/** What the stdio transport gets from the gateway. */
export interface StdioContext {
  readonly platform: Platform;
  /** Id of the server, for `ps` and as its name when it gives none. */
  readonly id: string;
  /** Name and version that the server sees. */
  readonly info: Implementation;
  /** Capabilities offered to legacy servers; requests that come of them go to callers and to the session's observer. */
  readonly capabilities?: JsonObject | undefined;
  readonly limits?: Partial<StdioLimits> | undefined;
}

/** Runs a server as a child process and talks to it over its pipes. */
export function stdioTransport(options: ProcessOptions, context: StdioContext): Transport {
  return new StdioTransport(subprocessProgram(options, context), context);
}

/** Runs a program that speaks MCP over its pipes, whatever is behind it, and talks to it. */
export function programTransport(program: ServerProgram, context: StdioContext): Transport {
  return new StdioTransport(program, context);
}

const CAPABILITIES: JsonObject = { sampling: {}, elicitation: {}, roots: { listChanged: false } };

class StdioTransport implements Transport {
  readonly #program: ServerProgram;
  readonly #context: StdioContext;
  readonly #limits: StdioLimits;
  /** What the server turned out to be when it was last started. */
  #era: Era | undefined;
  readonly #channels = new Set<StdioChannel>();

  constructor(program: ServerProgram, context: StdioContext) {
    this.#program = program;
    this.#context = context;
    this.#limits = { ...STDIO_LIMITS, ...context.limits };
  }

  async open(observer: SessionObserver, signal: CancelSignal, sole?: SoleUse): Promise<UpstreamSession> {
    try {
      return await this.#start(observer, signal, this.#era ?? "modern", sole);
    } catch (error) {
      // Some servers exit on a request that they do not know before they are initialized.
      if (!(error instanceof ProbeExit)) throw error;
      return await this.#start(observer, signal, "legacy", sole);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#channels].map((channel) => channel.close()));
  }

  async #start(
    observer: SessionObserver,
    signal: CancelSignal,
    first: Era,
    sole: SoleUse | undefined,
  ): Promise<UpstreamSession> {
    throwIfAborted(signal);
    const { platform, id, info } = this.#context;
    const capabilities = sole?.capabilities ?? this.#context.capabilities ?? CAPABILITIES;
    const command = await this.#program.prepare((line) => observer.onLog(line));
    const describeEnd = (code: number | undefined): string => this.#program.describeEnd?.(code) ?? describeExit(code);
    const { installer } = this.#program;
    let fetching: FetchPhase | undefined;
    const channel = await StdioChannel.open(command, {
      platform,
      observer,
      onFirstMessage: () => fetching?.end(),
      limits: this.#limits,
      describeEnd,
      isSole: sole !== undefined,
    });
    if (installer !== undefined) {
      fetching = new FetchPhase({ platform, installer, supervisor: channel.pid, observer });
    }
    this.#channels.add(channel);
    void channel.gone().then(() => this.#channels.delete(channel));
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(abortError(signal, channel, this.#program));
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    try {
      const handshake = shakeHands(
        {
          connection: channel.connection,
          introduction: { info, capabilities },
          fallbackName: id,
          probeTimeoutMs: this.#limits.probeTimeoutMs,
          schedule: (delayMs, callback) => platform.clock.schedule(delayMs, callback),
        },
        first,
      );
      const peer = await Promise.race([handshake, aborted]);
      if (peer.era === "modern") {
        channel.connection.becomeModern(modernHop(info));
      }
      this.#era = peer.era;
      channel.announceEnd();
      return new StdioSession(peer, channel);
    } catch (error) {
      const isFetching = fetching?.isOver === false;
      fetching?.close();
      await channel.abandon(isFetching);
      this.#era = undefined;
      throw error instanceof ConnectionEnded ? await this.#exitError(channel, first) : error;
    } finally {
      fetching?.close();
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #exitError(channel: StdioChannel, first: Era): Promise<StartError> {
    const { code } = await channel.ended();
    const diagnosis = this.#program.diagnose({ code, stderr: channel.stderr, noise: channel.connection.noise });
    // A start that cannot succeed is not worth a second attempt.
    return first === "modern" && diagnosis.code === "exited"
      ? new ProbeExit(diagnosis.code, diagnosis.message)
      : diagnosis;
  }
}

/** The process ended after the opening question of the modern era, which a legacy server need not survive. */
class ProbeExit extends StartError {}

function throwIfAborted(signal: CancelSignal): void {
  if (signal.aborted) throw abortError(signal);
}

/** Whoever aborts says why; what the server said until then is added. */
function abortError(signal: CancelSignal, channel?: StdioChannel, program?: ServerProgram): StartError {
  const { reason } = signal;
  const why = reason instanceof Error ? reason.message : "the start was given up";
  const code = reason instanceof StartError ? reason.code : "aborted";
  if (channel === undefined) return new StartError(code, why, { cause: reason });
  const noise = channel.connection.noise;
  const hint =
    noise === 0
      ? (program?.explainDelay?.(channel.stderr) ?? "")
      : ` It wrote ${noise} lines to stdout that are not MCP: check that it runs in stdio mode.`;
  return new StartError(noise > 0 ? "not_mcp" : code, `${why}${hint}${quoteStderr(channel.stderr)}`, { cause: reason });
}
