import { type DiscoverySourceSnapshot, registeredName, TelemetryBus } from "@mcp-hangar/telemetry";
import type { Fleet } from "../fleet.ts";
import type { Implementation } from "../protocol/eras.ts";
import { createTransport, type TransportFactory } from "../transports/index.ts";
import { candidateKey } from "./candidate.ts";
import { readDecisions, writeDecisions } from "./decisions-file.ts";
import type { DiscoveryOptions } from "./options.ts";
import { type ProbeOutcome, probeOnce } from "./probe.ts";
import type { ProbeRequest } from "./probe-queue.ts";
import { Registrar } from "./registrar.ts";
import { candidatesNamed, type DiscoveredReport, reportOn } from "./report.ts";
import { RunningSource, type SourceReport } from "./running-source.ts";
import type { DiscoverySource, SourceContext } from "./source.ts";
import { createSource, type SourceOptions } from "./sources/index.ts";

export interface DiscoveryContext extends SourceContext {
  readonly fleet: Fleet;
  readonly bus: TelemetryBus;
  /** Name and version that probed servers see. */
  readonly info: Implementation;
  /** Lines that probed servers write to their stderr. */
  readonly onServerLog?: ((server: string, line: string) => void) | undefined;
  /** Opens the sessions of probes; the transports of this package when absent. */
  readonly transports?: TransportFactory | undefined;
  /** Makes sources; those of this package when absent. */
  readonly sources?: ((options: SourceOptions, context: SourceContext) => DiscoverySource) | undefined;
}

/** Everything that discovery knows, for people. */
export interface DiscoveryReport {
  readonly sources: readonly SourceReport[];
  readonly servers: readonly DiscoveredReport[];
}

/** What became of a decision on a server. */
export type DecisionOutcome =
  | { readonly kind: "done"; readonly server: DiscoveredReport }
  | { readonly kind: "unknown" | "refused"; readonly message: string };

/** Narrows a decision to one candidate, and to one definition of it. */
export interface DecisionTarget {
  /** The source that announces the server, where several do. */
  readonly source?: string | undefined;
  /** The definition that was looked at: if there is a newer one, nothing is decided. */
  readonly fingerprint?: string | undefined;
}

/** Finds servers where sources announce them, and puts into the fleet what may be there. */
export class Discovery {
  readonly #context: DiscoveryContext;
  readonly #registrar: Registrar;
  #sources: ReadonlyMap<string, RunningSource> = new Map();
  #decisionsFile: string | undefined;
  #started = false;

  /** @throws Error when the file of decisions is there and cannot be used. */
  constructor(options: DiscoveryOptions, context: DiscoveryContext) {
    this.#context = context;
    this.#registrar = new Registrar({
      fleet: context.fleet,
      platform: context.platform,
      probe: (request, signal) => this.#probe(request, signal),
      // The next cycle tells what was done; it is run at once, so that the telling is not late.
      onChanged: (source) => void this.#sources.get(source)?.cycles.run(),
      onDue: (source) => this.#sources.get(source)?.wake(),
      save: (decisions) => {
        if (this.#decisionsFile !== undefined) writeDecisions(this.#decisionsFile, decisions);
      },
    });
    this.#decisionsFile = options.decisions_file;
    if (this.#decisionsFile !== undefined) this.#registrar.recall(readDecisions(this.#decisionsFile));
    this.#setSources(options);
  }

  /** Begins with a first cycle of each source. Nobody waits for it: servers appear when they are found. */
  start(): void {
    this.#started = true;
    for (const { cycles } of this.#sources.values()) cycles.start();
  }

  /**
   * Prepares other options, and returns how to go over to them while servers are called. Servers of a source that is no
   * longer configured leave the fleet; a source that stays keeps what it found. The promise resolves when the old sources
   * are closed.
   * @throws Error when another file of decisions is named that cannot be used; nothing has changed then.
   */
  prepare(options: DiscoveryOptions): () => Promise<void> {
    const { decisions_file: file } = options;
    const recalled = file === undefined || file === this.#decisionsFile ? undefined : readDecisions(file);
    return async () => {
      const old = [...this.#sources.values()];
      this.#decisionsFile = file;
      if (recalled !== undefined) this.#registrar.recall(recalled);
      this.#setSources(options);
      if (this.#started) this.start();
      const gone = old.filter((source) => this.#sources.get(source.name) !== source);
      await Promise.all(gone.map(({ cycles }) => cycles.close()));
    };
  }

  /** Stops all cycles and probes. What was found stays in the fleet. */
  async close(): Promise<void> {
    this.#started = false;
    await Promise.all([...[...this.#sources.values()].map(({ cycles }) => cycles.close()), this.#registrar.close()]);
  }

  /** What metrics are read from. */
  snapshot(): readonly DiscoverySourceSnapshot[] {
    return this.report().sources.map(({ name, servers, healthy }) => ({
      source: registeredName(name),
      servers,
      healthy,
    }));
  }

  /** Whether there is any source that could find something. */
  get hasSources(): boolean {
    return this.#sources.size > 0;
  }

  /** Everything that was found, and what became of it. */
  report(): DiscoveryReport {
    const { state } = this.#registrar;
    const world = this.#registrar.world();
    return {
      sources: [...this.#sources.values()].map((source) => source.report()),
      servers: [...state.candidates.values()].map((candidate) => reportOn(candidate, state, world)),
    };
  }

  /**
   * Lets a server serve that waits for approval, was rejected, or is in quarantine; the last is probed at once. The
   * definition that is approved is the newest; a later one has to be approved anew where sources say `approve: manual`.
   */
  approve(id: string, target: DecisionTarget = {}): DecisionOutcome {
    return this.#decide("approved", id, target, ({ state, definition }) => {
      if (state === "invalid" || definition === undefined) return "its definition cannot be used";
      return undefined;
    });
  }

  /** Takes a server out, or keeps it out, until its definition changes and somebody approves that. */
  reject(id: string, target: DecisionTarget = {}): DecisionOutcome {
    return this.#decide("rejected", id, target, () => undefined);
  }

  /**
   * Runs a cycle of one source, or of all, that begins now. With `acceptEmpty`, an authoritative source that announces
   * nothing is believed. Resolves to the reports of these sources; `undefined` when there is no source of that name.
   */
  async runCycle(name?: string, acceptEmpty = false): Promise<readonly SourceReport[] | undefined> {
    const sources = [...this.#sources.values()].filter((source) => name === undefined || source.name === name);
    if (name !== undefined && sources.length === 0) return undefined;
    await Promise.all(sources.map((source) => source.runCycle(acceptEmpty)));
    return sources.map((source) => source.report());
  }

  #decide(
    type: "approved" | "rejected",
    id: string,
    { source, fingerprint }: DecisionTarget,
    objectionTo: (server: DiscoveredReport) => string | undefined,
  ): DecisionOutcome {
    const found = candidatesNamed(this.#registrar.state, id, source === undefined ? this.#sources.keys() : [source]);
    const done = type === "approved" ? ["admitted", "untried", "probing"] : ["rejected"];
    const candidate = found.find(({ standing }) => !done.includes(standing.kind)) ?? found[0];
    if (candidate === undefined) {
      return { kind: "unknown", message: `discovery has not found ${JSON.stringify(id.slice(0, 100))}` };
    }
    const key = candidateKey(candidate);
    const report = (): DiscoveredReport => {
      const { state } = this.#registrar;
      return reportOn(state.candidates.get(key) ?? candidate, state, this.#registrar.world());
    };
    if (fingerprint !== undefined && candidate.newest?.fingerprint !== fingerprint) {
      const message = `its definition is ${candidate.newest?.fingerprint ?? "none"} now, not ${fingerprint}: look at it again`;
      return { kind: "refused", message };
    }
    const objection = objectionTo(report());
    if (objection !== undefined) return { kind: "refused", message: objection };
    try {
      this.#registrar.apply({ type, key });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "refused", message: `the decision cannot be kept in discovery.decisions_file: ${reason}` };
    }
    return { kind: "done", server: report() };
  }

  #setSources(options: DiscoveryOptions): void {
    const entries = Object.entries(options.sources);
    const charactersMax = options.max_definition_characters;
    this.#sources = new Map(
      entries.map(([name, sourceOptions]) => {
        const running = this.#sources.get(name);
        const stays = running?.isMadeFrom(sourceOptions, charactersMax) === true;
        return [name, stays ? running : this.#makeSource(name, sourceOptions, charactersMax)];
      }),
    );
    this.#registrar.configure(new Map(entries), options.max_servers);
  }

  #makeSource(name: string, options: SourceOptions, definitionCharactersMax: number): RunningSource {
    const { bus, platform, sources = createSource } = this.#context;
    const context = { bus, platform, registrar: this.#registrar, definitionCharactersMax };
    return new RunningSource(name, options, sources(options, this.#context), context);
  }

  #probe({ id, options }: ProbeRequest, signal: AbortSignal): Promise<ProbeOutcome> {
    const { platform, info, transports = createTransport, onServerLog } = this.#context;
    return probeOnce({
      id,
      options,
      transport: transports(id, options, { platform, bus: new TelemetryBus(), info }),
      clock: platform.clock,
      onLog: (line) => onServerLog?.(id, line),
      signal,
    });
  }
}
