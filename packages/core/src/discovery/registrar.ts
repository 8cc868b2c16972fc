import type { ServerCatalog } from "../catalog/server-catalog.ts";
import type { Fleet } from "../fleet.ts";
import type { Platform } from "../platform/platform.ts";
import { backoffMs } from "../resilience/backoff.ts";
import { candidateKey } from "./candidate.ts";
import type { DecisionBook } from "./decisions.ts";
import type { ProbeOutcome } from "./probe.ts";
import { ProbeQueue, type ProbeRequest } from "./probe-queue.ts";
import { reconcile } from "./reconcile.ts";
import {
  type DiscoveryAction,
  type DiscoveryInput,
  type DiscoveryState,
  NOTHING_DISCOVERED,
  type SourceRules,
  type Surroundings,
} from "./state.ts";

const PROBE_BACKOFF = { baseMs: 10_000, maxMs: 600_000 } as const;

export interface RegistrarOptions {
  readonly fleet: Fleet;
  readonly platform: Platform;
  readonly probe: (request: ProbeRequest, signal: AbortSignal) => Promise<ProbeOutcome>;
  /** A probe or a decision, and not a cycle of the source, changed what the source has in the fleet. */
  readonly onChanged: (source: string) => void;
  /** Something else may fall due for the source than before. */
  readonly onDue: (source: string) => void;
  /** Keeps the decisions for later; what it throws keeps a decision from being made. */
  readonly save: (decisions: DecisionBook) => void;
}

/** How many servers of a source came into the fleet and left it. */
export interface RegistrationCounts {
  registered: number;
  deregistered: number;
}

/** Keeps the state of discovery, and does in the fleet what {@link reconcile} decides. */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #probes: ProbeQueue;
  readonly #counts = new Map<string, RegistrationCounts>();
  /** What the last probe of a candidate has learned, and of which definition. */
  readonly #learned = new Map<string, { readonly fingerprint: string; readonly catalog: ServerCatalog }>();
  #rules: { readonly sources: ReadonlyMap<string, SourceRules>; readonly serversMax: number } = {
    sources: new Map(),
    serversMax: 0,
  };
  #state = NOTHING_DISCOVERED;
  #doneMs = 0;
  #closed = false;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#probes = new ProbeQueue({
      probe: options.probe,
      wanted: ({ key, fingerprint }) => {
        const candidate = this.#state.candidates.get(key);
        return candidate?.standing.kind === "probing" && candidate.newest?.fingerprint === fingerprint;
      },
      onOutcome: (request, outcome) => this.#onProbed(request, outcome),
    });
  }

  get state(): DiscoveryState {
    return this.#state;
  }

  /** When was done last what was due. */
  get doneMs(): number {
    return this.#doneMs;
  }

  /** Sets what sources may do, the first wins first. What came from a source that is no longer there goes. */
  configure(sources: ReadonlyMap<string, SourceRules>, serversMax: number): void {
    this.#rules = { sources, serversMax };
    this.apply({ type: "time_passed" });
  }

  /** The world as {@link reconcile} has to know it. */
  world(): Surroundings {
    const { fleet, platform } = this.#options;
    return {
      ...this.#rules,
      nowMs: platform.clock.nowMs(),
      wallMs: platform.clock.wallMs(),
      originOf: (id) => fleet.originOf(id),
      retryDelayMs: (failures) => backoffMs(failures - 1, PROBE_BACKOFF, () => platform.random()),
    };
  }

  /** Takes over what was decided earlier. */
  recall(decisions: DecisionBook): void {
    this.#state = { ...this.#state, decisions: new Map([...this.#state.decisions, ...decisions]) };
  }

  /** Takes something into account and does at once what follows from it. Throws, and does nothing, when it cannot be kept. */
  apply(input: DiscoveryInput): void {
    if (this.#closed) return;
    const world = this.world();
    const { state, actions } = reconcile(this.#state, input, world);
    this.#doneMs = world.nowMs;
    if (state.decisions !== this.#state.decisions) this.#options.save(state.decisions);
    this.#state = state;
    for (const action of actions) this.#run(action);
    for (const key of this.#learned.keys()) if (!state.candidates.has(key)) this.#learned.delete(key);
    for (const [source, { registered, deregistered }] of this.#counts) {
      const told = input.type === "announced" && input.source === source;
      if (!told && registered + deregistered > 0) this.#options.onChanged(source);
    }
    const source = "key" in input ? state.candidates.get(input.key)?.source : undefined;
    if (source !== undefined) this.#options.onDue(source);
  }

  /** What was registered and deregistered since the last time; counting begins anew. */
  takeCounts(source: string): RegistrationCounts {
    const counts = this.#counts.get(source) ?? { registered: 0, deregistered: 0 };
    this.#counts.delete(source);
    return counts;
  }

  /** Gives up all probes. What was registered stays in the fleet. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#probes.close();
  }

  #onProbed({ key, fingerprint }: ProbeRequest, outcome: ProbeOutcome): void {
    if (outcome.kind === "passed") this.#learned.set(key, { fingerprint, catalog: outcome.catalog });
    this.apply({ type: "probed", key, fingerprint, failure: outcome.kind === "failed" ? outcome.reason : undefined });
  }

  #run(action: DiscoveryAction): void {
    const { fleet } = this.#options;
    switch (action.type) {
      case "probe":
        this.#probes.add(action);
        break;
      case "register":
      case "replace":
        if (action.former !== action.source) {
          this.#count(action.source).registered++;
          if (action.former !== undefined) this.#count(action.former).deregistered++;
        }
        this.#put(action);
        break;
      case "unregister":
        this.#count(action.source).deregistered++;
        void (action.expired ? fleet.expire(action.id) : fleet.unregister(action.id, "requested"));
        break;
    }
  }

  #put(action: Extract<DiscoveryAction, { type: "register" | "replace" }>): void {
    const { fleet } = this.#options;
    const { id, options, source, fingerprint } = action;
    const registration = { origin: "discovery", source } as const;
    if (action.type === "register") fleet.register(id, options, registration);
    // The fleet owns the old server until its calls are finished; nobody here waits for that.
    else void fleet.replace(id, options, registration);
    const learned = this.#learned.get(candidateKey({ source, name: id }));
    // The lists that the probe has seen are answered at once, as after a start.
    if (learned?.fingerprint === fingerprint) fleet.get(id)?.catalog.inherit(learned.catalog);
  }

  #count(source: string): RegistrationCounts {
    const counts = this.#counts.get(source) ?? { registered: 0, deregistered: 0 };
    this.#counts.set(source, counts);
    return counts;
  }
}
