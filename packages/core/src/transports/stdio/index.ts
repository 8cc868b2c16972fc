import type { SubprocessOptions } from "../../options.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Era, Implementation } from "../../protocol/eras.ts";
import { modernHop } from "../../protocol/handshake.ts";
import type { JsonObject } from "../../protocol/json-rpc.ts";
import { diagnoseExit, quoteStderr } from "../diagnosis.ts";
import { type SessionObserver, StartError, type Transport, type UpstreamSession } from "../session.ts";
import { StdioChannel } from "./channel.ts";
import { resolveCommand } from "./command.ts";
import { serverEnvironment, unusableVariable } from "./environment.ts";
import { ConnectionEnded, shakeHands } from "./handshake.ts";
import { STDIO_LIMITS, type StdioLimits } from "./limits.ts";
import { StdioSession } from "./session.ts";
import type { SupervisedCommand } from "./supervisor.ts";

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

type ProcessOptions = Pick<SubprocessOptions, "command" | "args" | "env" | "cwd">;

/** Runs a server as a child process and talks to it over its pipes. */
export function stdioTransport(options: ProcessOptions, context: StdioContext): Transport {
  return new StdioTransport(options, context);
}

const CAPABILITIES: JsonObject = { sampling: {}, elicitation: {}, roots: { listChanged: false } };

class StdioTransport implements Transport {
  readonly #options: ProcessOptions;
  readonly #context: StdioContext;
  readonly #limits: StdioLimits;
  /** What the server turned out to be when it was last started. */
  #era: Era | undefined;
  readonly #channels = new Set<StdioChannel>();

  constructor(options: ProcessOptions, context: StdioContext) {
    this.#options = options;
    this.#context = context;
    this.#limits = { ...STDIO_LIMITS, ...context.limits };
  }

  async open(observer: SessionObserver, signal: AbortSignal): Promise<UpstreamSession> {
    const command = await this.#command();
    try {
      return await this.#start(command, observer, signal, this.#era ?? "modern");
    } catch (error) {
      // Some servers exit on a request that they do not know before they are initialized.
      if (!(error instanceof ProbeExit)) throw error;
      return await this.#start(command, observer, signal, "legacy");
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#channels].map((channel) => channel.close()));
  }

  async #start(
    command: SupervisedCommand,
    observer: SessionObserver,
    signal: AbortSignal,
    first: Era,
  ): Promise<UpstreamSession> {
    throwIfAborted(signal);
    const { platform, id, info, capabilities = CAPABILITIES } = this.#context;
    const channel = await StdioChannel.open(command, { platform, observer, limits: this.#limits });
    this.#channels.add(channel);
    void channel.ended().then(() => this.#channels.delete(channel));
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(abortError(signal, channel));
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
      await channel.abandon();
      this.#era = undefined;
      throw error instanceof ConnectionEnded ? await this.#exitError(channel, first) : error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #exitError(channel: StdioChannel, first: Era): Promise<StartError> {
    const { code } = await channel.ended();
    const [command = ""] = typeof this.#options.command === "string" ? [this.#options.command] : this.#options.command;
    const diagnosis = diagnoseExit({ command, code, stderr: channel.stderr, noise: channel.connection.noise });
    // A start that cannot succeed is not worth a second attempt.
    return first === "modern" && diagnosis.code === "exited"
      ? new ProbeExit(diagnosis.code, diagnosis.message)
      : diagnosis;
  }

  async #command(): Promise<SupervisedCommand> {
    const { platform, id } = this.#context;
    if (platform.os === "win32") {
      throw new StartError(
        "platform_unsupported",
        "servers in mode subprocess need a POSIX system. Run the gateway in WSL or a container, or reach the server in mode remote.",
      );
    }
    const env = serverEnvironment(platform.env, this.#options.env);
    const unusable = unusableVariable(env);
    if (unusable !== undefined) {
      throw new StartError(
        "env_invalid",
        `"${unusable}" in "env" is not a name that a program can inherit. Rename it.`,
      );
    }
    return { label: id, env, ...(await resolveCommand(this.#options, env.PATH)) };
  }
}

/** The process ended after the opening question of the modern era, which a legacy server need not survive. */
class ProbeExit extends StartError {}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal, undefined);
}

/** Whoever aborts says why; what the server said until then is added. */
function abortError(signal: AbortSignal, channel: StdioChannel | undefined): StartError {
  const { reason } = signal;
  const why = reason instanceof Error ? reason.message : "the start was given up";
  const code = reason instanceof StartError ? reason.code : "aborted";
  if (channel === undefined) return new StartError(code, why, { cause: reason });
  const noise = channel.connection.noise;
  const hint =
    noise === 0 ? "" : ` It wrote ${noise} lines to stdout that are not MCP: check that it runs in stdio mode.`;
  return new StartError(noise > 0 ? "not_mcp" : code, `${why}${hint}${quoteStderr(channel.stderr)}`, { cause: reason });
}
