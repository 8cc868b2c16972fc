import type { RegisteredName, UpstreamRequestFinished } from "@mcp-hangar/telemetry";
import type { RemoteOptions } from "../../options.ts";
import type { CancelSignal } from "../../platform/cancellation.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Implementation } from "../../protocol/eras.ts";
import type { JsonObject } from "../../protocol/json-rpc.ts";
import { type SessionObserver, type SoleUse, StartError, type Transport, type UpstreamSession } from "../session.ts";
import { AddressGuard } from "./address-guard.ts";
import { EraMatchingSession } from "./era-matching-session.ts";
import type { HttpClient } from "./http-client.ts";
import { type LegacyHandshake, LegacySession } from "./legacy-session.ts";
import { HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { ModernSession } from "./modern-session.ts";
import { initialize, type Negotiated, negotiate, type Parties } from "./negotiate.ts";
import { remoteProblems } from "./remote-problems.ts";
import { openSse, type SseHandshake } from "./sse-handshake.ts";
import { SseSession } from "./sse-session.ts";
import { staticHeaders } from "./static-headers.ts";
import { tlsConnect } from "./tls-files.ts";

/** What the transport gets from its surroundings. */
export interface HttpTransportContext {
  readonly platform: Platform;
  readonly server: RegisteredName;
  /** Name and version that the server sees. */
  readonly clientInfo: Implementation;
  /** Hears of every HTTP request, those without a response included. */
  readonly emit: (event: UpstreamRequestFinished) => void;
  /** What legacy servers may ask of us; nothing unless told. */
  readonly clientCapabilities?: JsonObject | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
}

/** Reaches one server over MCP Streamable HTTP, in whichever era it speaks, or over HTTP+SSE. */
export function httpTransport(options: RemoteOptions, context: HttpTransportContext): Transport {
  return new HttpTransport(options, context);
}

class HttpTransport implements Transport {
  readonly #options: RemoteOptions;
  readonly #context: HttpTransportContext;
  /** What the server speaks: it need not be probed again. */
  #spoken: Negotiated["kind"] | undefined;

  constructor(options: RemoteOptions, context: HttpTransportContext) {
    this.#options = options;
    this.#context = context;
  }

  async open(observer: SessionObserver, signal: CancelSignal, sole?: SoleUse): Promise<UpstreamSession> {
    refuseUnusable(this.#options);
    const { clientInfo } = this.#context;
    const clientCapabilities = sole?.capabilities ?? this.#context.clientCapabilities;
    const isSole = sole !== undefined;
    const fixedHeaders = staticHeaders(this.#options, clientInfo);
    const introduction = { clientInfo, clientCapabilities: clientCapabilities ?? {}, fixedHeaders };
    const client = await this.#connect();
    const parties = { ...introduction, client, observer };
    try {
      const { transport } = this.#options;
      const negotiated = await negotiate(parties, { transport, last: this.#spoken }, signal);
      if (signal.aborted) throw new StartError("timeout", "the start was given up");
      this.#spoken = negotiated.kind;
      if (negotiated.kind === "legacy") return this.#legacy(parties, negotiated.handshake, isSole);
      if (negotiated.kind === "sse") return this.#sse(parties, negotiated.handshake, isSole);
      const { platform } = this.#context;
      const modern = new ModernSession(client, observer, { platform, peer: negotiated.peer, clientInfo, fixedHeaders });
      return new EraMatchingSession(modern, observer, {
        clock: platform.clock,
        openTimeoutMs: client.limits.probeTimeoutMs,
        openLegacy: (twinObserver, twinSignal) =>
          this.#openLegacy({ ...introduction, observer: twinObserver }, twinSignal, isSole),
      });
    } catch (error) {
      // The server may have been replaced by one of another era: the next attempt asks again.
      this.#spoken = undefined;
      await client.destroy();
      throw error;
    }
  }

  async close(): Promise<void> {
    // Sockets belong to sessions; what is left is a word about what the server speaks.
    this.#spoken = undefined;
  }

  async #connect(): Promise<HttpClient> {
    const endpoint = new URL(this.#options.endpoint);
    const tls = await tlsConnect(this.#options.tls);
    const { platform, server, emit, limits } = this.#context;
    const { address_guard: addressGuard } = this.#options;
    // Loaded when the first remote server starts: undici takes a good part of what an idle gateway holds.
    const { HttpClient } = await import("./http-client.ts");
    return new HttpClient({
      endpoint,
      tls,
      guard: addressGuard && new AddressGuard(addressGuard.allow),
      limits: { ...HTTP_LIMITS, ...limits },
      clock: platform.clock,
      server,
      emit,
    });
  }

  /**
   * Opens a session with the legacy side of a modern server. Without a session id it is of no use: a server that keeps
   * no sessions can neither ask its client nor remember what it subscribed to.
   */
  async #openLegacy(
    introduction: Omit<Parties, "client">,
    signal: CancelSignal,
    isSole: boolean,
  ): Promise<UpstreamSession | undefined> {
    const client = await this.#connect();
    try {
      const parties = { ...introduction, client };
      const handshake = await initialize(parties, signal);
      if (handshake.sessionId !== undefined) return this.#legacy(parties, handshake, isSole);
      await client.destroy();
      return undefined;
    } catch (error) {
      await client.destroy();
      throw error;
    }
  }

  #legacy(parties: Parties, handshake: LegacyHandshake, isSole: boolean): UpstreamSession {
    const options = {
      platform: this.#context.platform,
      fixedHeaders: parties.fixedHeaders,
      isSole,
      renewTimeoutMs: this.#options.start_timeout_s * 1_000,
      shakeHands: (signal: CancelSignal) => initialize(parties, signal),
    };
    return new LegacySession(parties.client, parties.observer, options, handshake);
  }

  #sse(parties: Parties, handshake: SseHandshake, isSole: boolean): UpstreamSession {
    const options = {
      clock: this.#context.platform.clock,
      fixedHeaders: parties.fixedHeaders,
      isSole,
      renewTimeoutMs: this.#options.start_timeout_s * 1_000,
      open: (signal: CancelSignal) => openSse(parties, signal),
    };
    return new SseSession(parties.client, parties.observer, options, handshake);
  }
}

/** What the schema refuses is refused here for options that never met it, such as those of a program that embeds the gateway. */
function refuseUnusable(options: RemoteOptions): void {
  const [problem] = remoteProblems(options);
  if (problem === undefined) return;
  const option = problem.path.join(".");
  throw new StartError("invalid_options", `${option}: ${problem.message}`, { option });
}
