import { describe, expect, it } from "vitest";
import { subprocessOptions } from "../options.ts";
import type { ServerOrigin } from "../registration.ts";
import { type SeededRandom, seededRandom } from "../testing/seeded-random.ts";
import { candidateKey } from "./candidate.ts";
import type { Announcement } from "./definition.ts";
import { reconcile } from "./reconcile.ts";
import { reportOn } from "./report.ts";
import { type DiscoveryInput, NOTHING_DISCOVERED, type SourceRules, type Surroundings } from "./state.ts";

const IDS = ["a", "b", "c", "d", "e", "f"] as const;
const STEPS = 400;
/** Announced in each cycle of the first source, always the same, and never rejected: it must never leave. */
const STEADY = "steady";

interface Member {
  readonly origin: ServerOrigin;
  readonly source: string | undefined;
  readonly fingerprint: string | undefined;
}

/** A random history: sources announce, fail and change, people decide, probes end, configurations change. */
class Simulation {
  readonly #random: SeededRandom;
  readonly #sources: Map<string, SourceRules>;
  readonly #fleet = new Map<string, Member>();
  readonly #approved = new Set<string>();
  readonly #rejected = new Set<string>();
  /** What is rejected takes no room, and may come back into a full source by approval. */
  readonly #decided = new Set<string>();
  readonly #probing: { key: string; fingerprint: string }[] = [];
  readonly #announced = new Map<string, ReadonlySet<string>>();
  #state = NOTHING_DISCOVERED;
  #nowMs = 0;
  #log: string[] = [];
  steadySince: number | undefined;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const random = this.#random;
    const rules = (): SourceRules => ({
      mode: random.pick(["additive", "authoritative"]),
      approve: random.pick(["auto", "manual"]),
      probe: random.chance(0.7),
      ttl_s: random.pick([0, 5, 30]),
      allow_empty: true,
      max_servers: random.pick([3, 5, 100]),
      server_modes: ["subprocess"],
      allow_addresses: [],
    });
    this.#sources = new Map([
      ["first", { ...rules(), approve: "auto", probe: false }],
      ["second", rules()],
      ["third", rules()],
    ]);
  }

  get #world(): Surroundings {
    return {
      nowMs: this.#nowMs,
      wallMs: this.#nowMs,
      sources: this.#sources,
      serversMax: 4,
      originOf: (id) => this.#fleet.get(id)?.origin,
      retryDelayMs: (failures) => failures * 2_000,
    };
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) this.#step();
    this.#feed({ type: "time_passed" });
    // Whatever happened, nothing is left to be done: the outcome does not depend on being asked again.
    expect(this.#feed({ type: "time_passed" })).toEqual([]);
  }

  #step(): void {
    const random = this.#random;
    this.#nowMs += random.pick([0, 500, 1_000, 4_000]);
    switch (random.integer(0, 9)) {
      case 0:
        return this.#changeConfiguration(random.pick(IDS));
      case 1:
        return this.#decide();
      case 2:
      case 3:
        return this.#endProbe();
      case 4:
        return void this.#feed({ type: "time_passed" });
      default:
        return this.#cycle(random.pick(["first", "second", "third"]));
    }
  }

  #cycle(source: string): void {
    const random = this.#random;
    const servers = IDS.filter(() => random.chance(0.6)).map((id) => this.#announcement(id));
    if (source === "first") servers.unshift(definition(STEADY, "1"));
    this.#announced.set(source, new Set(servers.map(({ name }) => name)));
    this.#feed({ type: "announced", source, servers });
  }

  #announcement(name: string): Announcement {
    if (this.#random.chance(0.1))
      return { name, location: `/${name}`, content: { kind: "problem", problem: "broken" } };
    return definition(name, this.#random.chance(0.8) ? "1" : "2");
  }

  /** The configuration takes and gives up ids, as a reload does; so do calls of the management interface. */
  #changeConfiguration(id: string): void {
    const origin = this.#fleet.get(id)?.origin;
    if (origin === "config" || origin === "runtime") this.#fleet.delete(id);
    else
      this.#fleet.set(id, {
        origin: this.#random.pick(["config", "runtime"]),
        source: undefined,
        fingerprint: undefined,
      });
    this.#log.push(`the configuration changes ${id}`);
  }

  #decide(): void {
    const candidates = [...this.#state.candidates].filter(([, { name }]) => name !== STEADY);
    const [first, ...rest] = candidates;
    if (first === undefined) return;
    const [key, { newest, serving, standing }] = this.#random.pick([first, ...rest]);
    if (newest === undefined) return;
    this.#decided.add(key);
    const decision = `${key} ${newest.fingerprint}`;
    if (this.#random.chance(0.6)) {
      if (["pending", "rejected", "failed"].includes(standing.kind)) {
        this.#approved.add(decision);
        this.#rejected.delete(decision);
      }
      this.#feed({ type: "approved", key });
    } else {
      this.#rejected.add(decision);
      this.#approved.delete(decision);
      // Only who is rejected twice loses an older definition that serves.
      const old = standing.kind === "rejected" ? serving : undefined;
      if (old !== undefined) this.#rejected.add(`${key} ${old.fingerprint}`);
      this.#feed({ type: "rejected", key });
    }
  }

  #endProbe(): void {
    const probe = this.#probing.shift();
    if (probe === undefined) return;
    const failure = this.#random.chance(0.4) ? "refused" : undefined;
    this.#feed({ type: "probed", ...probe, failure });
  }

  #feed(input: DiscoveryInput): string[] {
    const { state, actions } = reconcile(this.#state, input, this.#world);
    this.#state = state;
    this.#log.push(`${describe_(input)} => ${actions.map(({ type, id }) => `${type} ${id}`).join()}`);
    for (const action of actions) {
      if (action.type === "probe") {
        this.#probing.push({ key: action.key, fingerprint: action.fingerprint });
        continue;
      }
      const origin = this.#fleet.get(action.id)?.origin;
      const expected = action.type === "register" ? undefined : "discovery";
      this.#claim(origin === expected, `${action.type} ${action.id}, which is of ${origin}`);
      if (action.type === "unregister") {
        this.#claim(action.id !== STEADY, "a server that is always announced leaves");
        this.#fleet.delete(action.id);
      } else {
        const { source, fingerprint } = action;
        if (action.id === STEADY) this.#claim(action.type === "register", "a server that never changes is replaced");
        this.#fleet.set(action.id, { origin: "discovery", source, fingerprint });
      }
    }
    this.#check(input);
    return actions.map(({ type, id }) => `${type} ${id}`);
  }

  #check(input: DiscoveryInput): void {
    const discovered = [...this.#fleet].filter(([, { origin }]) => origin === "discovery");
    this.#claim(discovered.length <= 4, "there are more servers than the limit");
    for (const [id, { source = "", fingerprint }] of discovered) {
      const decision = `${source}/${id} ${fingerprint}`;
      this.#claim(!this.#rejected.has(decision), `${decision} serves, and was rejected`);
      const manual = this.#sources.get(source)?.approve === "manual";
      this.#claim(!manual || this.#approved.has(decision), `${decision} serves, and nobody approved it`);
      this.#claim(this.#state.held.get(id)?.fingerprint === fingerprint, `${id} is not what the state says`);
    }
    this.#claim(this.#state.held.size === discovered.length, "the state holds what the fleet does not have");
    for (const candidate of this.#state.candidates.values()) {
      const { state } = reportOn(candidate, this.#state, this.#world);
      const serves = this.#fleet.get(candidate.name)?.source === candidate.source;
      this.#claim((state === "registered") === serves, `${candidate.source}/${candidate.name} is shown as ${state}`);
    }
    for (const [source, { max_servers: max }] of this.#sources) {
      const own = [...this.#state.candidates.values()].filter(
        (candidate) => candidate.source === source && !this.#decided.has(candidateKey(candidate)),
      ).length;
      this.#claim(own <= max, `${source} has ${own} candidates`);
      const present = this.#announced.get(source);
      if (input.type !== "announced" || input.source !== source || this.#sources.get(source)?.ttl_s !== 0) continue;
      for (const { name, source: from, serving, standing } of this.#state.candidates.values()) {
        const kept =
          (standing.kind === "rejected" && serving === undefined) ||
          (this.#sources.get(source)?.mode === "additive" && serving);
        this.#claim(from !== source || present?.has(name) === true || Boolean(kept), `${name} outlives its time`);
      }
    }
  }

  #claim(holds: boolean, what: string): void {
    if (!holds) throw new Error(`${what}; it happened after:\n${this.#log.slice(-12).join("\n")}`);
  }
}

function describe_(input: DiscoveryInput): string {
  if (input.type !== "announced") return JSON.stringify(input);
  const servers = input.servers.map(
    ({ name, content }) => `${name}@${content.kind === "problem" ? "broken" : content.definition.fingerprint}`,
  );
  return `${input.source} announces ${servers.join(" ")}`;
}

function definition(name: string, version: string): Announcement {
  const options = subprocessOptions.parse({ mode: "subprocess", command: name, args: [version] });
  return { name, location: `/${name}`, content: { kind: "definition", definition: { options, fingerprint: version } } };
}

describe("random histories", () => {
  it.each(Array.from({ length: 60 }, (_, index) => index + 1))("of seed %i keep every promise", (seed) => {
    new Simulation(seed).run();
  });
});
