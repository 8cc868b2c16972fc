import { isDeepStrictEqual } from "node:util";
import { registeredName, type TelemetryBus } from "@mcp-hangar/telemetry";
import type { Platform } from "../platform/platform.ts";
import { type Candidate, candidateKey } from "./candidate.ts";
import { readAnnouncement } from "./definition.ts";
import { dueInMs } from "./due.ts";
import { suspicionOf } from "./observe.ts";
import type { Registrar } from "./registrar.ts";
import { type DiscoveredState, reportOn } from "./report.ts";
import type { DiscoveredServer, DiscoverySource } from "./source.ts";
import { type CycleOutcome, type CycleVerdict, SourceCycles } from "./source-cycles.ts";
import type { SourceOptions } from "./sources/index.ts";

/** How a source is doing, for people. */
export interface SourceReport {
  readonly name: string;
  readonly type: SourceOptions["type"];
  readonly mode: SourceOptions["mode"];
  readonly approve: SourceOptions["approve"];
  /** Whether the last cycle succeeded; true before the first. */
  readonly healthy: boolean;
  /** Why the last cycle failed. */
  readonly error: string | undefined;
  /** Servers that it announced in its last successful cycle. */
  readonly servers: number;
  /** How many of them are beyond `max_servers`, and ignored. */
  readonly ignored: number;
  readonly cycles: number;
  /** Milliseconds since the epoch; `undefined` before the end of the first cycle. */
  readonly lastCycleMs: number | undefined;
}

export interface RunningSourceContext {
  readonly bus: TelemetryBus;
  readonly platform: Platform;
  readonly registrar: Registrar;
  readonly definitionCharactersMax: number;
}

/** Problems of single servers that one event tells of; the report has them all. */
const PROBLEMS_TOLD_MAX = 20;

const TROUBLED: ReadonlySet<DiscoveredState> = new Set(["invalid", "quarantined", "conflict"]);

/** A source with its cycles, and what came of them. */
export class RunningSource {
  readonly name: string;
  readonly cycles: SourceCycles;
  readonly #options: SourceOptions;
  readonly #context: RunningSourceContext;
  #acceptEmpty = false;
  #error: string | undefined;
  #ignored = 0;
  #count = 0;
  #lastCycleMs: number | undefined;
  #told: ReadonlySet<string> = new Set();

  constructor(name: string, options: SourceOptions, source: DiscoverySource, context: RunningSourceContext) {
    this.name = name;
    this.#options = options;
    this.#context = context;
    this.cycles = new SourceCycles({
      source,
      platform: context.platform,
      intervalMs: options.interval_s * 1_000,
      timeoutMs: options.timeout_s * 1_000,
      onCycle: (outcome, durationMs) => this.#onCycle(outcome, durationMs),
    });
  }

  /** Whether it would be made from these options. */
  isMadeFrom(options: SourceOptions, definitionCharactersMax: number): boolean {
    return (
      isDeepStrictEqual(options, this.#options) && definitionCharactersMax === this.#context.definitionCharactersMax
    );
  }

  /** Runs a cycle that begins now; with `acceptEmpty`, it is believed that nothing is announced. */
  runCycle(acceptEmpty: boolean): Promise<void> {
    this.#acceptEmpty ||= acceptEmpty;
    return this.cycles.run();
  }

  /** Sees to it that a cycle comes when something falls due. */
  wake(): void {
    this.cycles.wake(this.#dueInMs());
  }

  report(): SourceReport {
    const { type, mode, approve } = this.#options;
    return {
      name: this.name,
      type,
      mode,
      approve,
      healthy: this.#error === undefined,
      error: this.#error,
      servers: this.#present().length + this.#ignored,
      ignored: this.#ignored,
      cycles: this.#count,
      lastCycleMs: this.#lastCycleMs,
    };
  }

  #onCycle(outcome: CycleOutcome, durationMs: number): CycleVerdict {
    const { registrar, bus, platform } = this.#context;
    this.#error = outcome.kind === "failed" ? outcome.error : this.#announced(outcome);
    // What is due is done whether or not the source answers.
    if (this.#error !== undefined) registrar.apply({ type: "time_passed" });
    this.#count++;
    this.#lastCycleMs = platform.clock.wallMs();
    bus.emit({
      type: "discovery.cycle_finished",
      timeMs: this.#lastCycleMs,
      source: registeredName(this.name),
      durationSeconds: durationMs / 1_000,
      ...registrar.takeCounts(this.name),
      error: this.#error,
      problems: this.#newProblems(),
    });
    return { succeeded: this.#error === undefined, dueInMs: this.#dueInMs() };
  }

  #dueInMs(): number {
    const { registrar } = this.#context;
    return dueInMs(registrar.state, this.name, registrar.world(), registrar.doneMs);
  }

  /** Takes into account what is announced; returns why it is not believed, if it is not. */
  #announced({ servers }: Extract<CycleOutcome, { kind: "announced" }>): string | undefined {
    const { registrar, definitionCharactersMax } = this.#context;
    const rules = { ...this.#options, definitionCharactersMax };
    const read = this.#ofInterest(servers).map((server) => readAnnouncement(server, rules));
    const suspicion = suspicionOf(registrar.state.candidates, this.name, read, rules);
    if (suspicion !== undefined && !this.#acceptEmpty) return suspicion;
    this.#acceptEmpty = false;
    registrar.apply({ type: "announced", source: this.name, servers: read });
    this.#ignored = new Set(servers.map(({ name }) => name)).size - this.#present().length;
    return undefined;
  }

  /** Those that are known, and as many others as there could be room for: a flood of them is not even read. */
  #ofInterest(servers: readonly DiscoveredServer[]): readonly DiscoveredServer[] {
    const { candidates } = this.#context.registrar.state;
    const isKnown = ({ name }: DiscoveredServer): boolean => candidates.has(candidateKey({ source: this.name, name }));
    const max = this.#options.max_servers;
    return [...servers.filter(isKnown), ...servers.filter((one) => !isKnown(one)).slice(0, max)];
  }

  /** What it announced in its last successful cycle, also if that was before a change of the configuration. */
  #present(): readonly Candidate[] {
    const candidates = [...this.#context.registrar.state.candidates.values()];
    return candidates.filter(({ source, missingSinceMs }) => source === this.name && missingSinceMs === undefined);
  }

  /** What is wrong with single servers, and was not before. */
  #newProblems(): readonly string[] {
    const { registrar } = this.#context;
    const world = registrar.world();
    const now = new Set<string>();
    for (const candidate of registrar.state.candidates.values()) {
      if (candidate.source !== this.name) continue;
      const { id, state, reason, location } = reportOn(candidate, registrar.state, world);
      const wrong = candidate.problem ?? candidate.remark ?? (TROUBLED.has(state) ? reason : undefined);
      if (wrong !== undefined) now.add(`${state} ${JSON.stringify(id)} (${location}): ${wrong}`);
    }
    if (this.#ignored > 0) {
      now.add(`${this.#ignored} servers beyond max_servers (${this.#options.max_servers}) are ignored`);
    }
    const fresh = [...now].filter((problem) => !this.#told.has(problem));
    this.#told = now;
    return fresh.slice(0, PROBLEMS_TOLD_MAX);
  }
}
