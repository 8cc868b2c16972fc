import {
  type BreakerStateName,
  type RegisteredName,
  registeredName,
  type ServerSnapshot,
  shortText,
} from "@mcp-hangar/telemetry";
import { type LateVerdict, type Verdict, whenKnown } from "../admission.ts";
import type { ListItems, ListKind } from "../catalog/lists.ts";
import { OfferFilter } from "../catalog/offer-filter.ts";
import { type Failure, failure } from "../errors.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import { MessageCounter } from "../lifecycle/message-totals.ts";
import type { GroupOptions } from "../options.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import type { Platform } from "../platform/platform.ts";
import type { PeerDescription } from "../protocol/eras.ts";
import { type BreakerPermit, CircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { UpstreamSession } from "../transports/session.ts";
import { GroupCatalog } from "./group-catalog.ts";
import type { GroupSnapshot } from "./group-snapshot.ts";
import { type Chosen, Roster } from "./roster.ts";
import { createStrategy, type Strategy } from "./strategies/index.ts";
import { mayServe, type Subject } from "./subject.ts";

/** What a group needs from the fleet around it. */
export interface GroupContext {
  readonly id: string;
  readonly options: GroupOptions;
  readonly platform: Pick<Platform, "clock" | "random">;
  /** Members are looked up on each use. */
  readonly server: (id: string) => ManagedServer | undefined;
  readonly onBreaker: (group: RegisteredName, from: BreakerStateName, to: BreakerStateName) => void;
  /** The group offers other things than before, because members have left rotation or come back. */
  readonly onOfferChanged: (group: ServerGroup) => void;
}

/** Several servers that do the same, behind one name: who is in rotation, and who takes the next call. */
export class ServerGroup {
  readonly id: RegisteredName;
  readonly options: GroupOptions;
  readonly catalog: GroupCatalog;
  readonly breaker: CircuitBreaker;
  readonly #roster: Roster;
  readonly #strategy: Strategy;
  readonly #clock: Platform["clock"];
  readonly #onOfferChanged: (group: ServerGroup) => void;
  #inFlight = 0;
  /** What was offered when that was last looked at. */
  #offer: string | undefined;

  constructor({ id, options, platform, server, onBreaker, onOfferChanged }: GroupContext) {
    // The id comes from the configuration.
    this.id = registeredName(id);
    this.options = options;
    this.#clock = platform.clock;
    this.#onOfferChanged = onOfferChanged;
    this.#roster = new Roster(options, server);
    this.#strategy = createStrategy(options.strategy, () => platform.random());
    this.catalog = new GroupCatalog(
      () => this.servers(),
      () => this.#inRotation(),
      new OfferFilter(options),
    );
    const { failure_threshold: failureThreshold, open_s: openSeconds } = options.circuit_breaker;
    const limits = { failureThreshold, openMs: openSeconds * 1_000 };
    this.breaker = new CircuitBreaker(limits, platform.clock, (from, to) => onBreaker(this.id, from, to));
  }

  /** The members that are registered, in rotation or not, in the order of the configuration. */
  servers(): readonly ManagedServer[] {
    return this.#roster.servers();
  }

  /** What the first of its members that were ever started said of itself. */
  get peer(): PeerDescription | undefined {
    return this.servers().find(({ peer }) => peer !== undefined)?.peer;
  }

  /** Calls through the group that have not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  has(server: string): boolean {
    return this.#roster.find(server) !== undefined;
  }

  /**
   * Takes a member out of rotation, or back in unless something else keeps it out. Calls at the member are not disturbed.
   * Returns false when the group has no such member.
   */
  setInRotation(id: string, inRotation: boolean): boolean {
    const member = this.#roster.find(id);
    if (member === undefined) return false;
    this.#compareOffer();
    member.takenOut = !inRotation;
    this.#compareOffer();
    return true;
  }

  /**
   * Admits a call, which has to be released. A failure when too few members are in rotation or the breaker is open: both
   * are `circuit_open`, because it is the health of the members that refuses, not the load.
   */
  admit(): BreakerPermit | Failure {
    const inRotation = this.#inRotation().length;
    if (inRotation < this.options.min_healthy) return this.#tooFew(inRotation);
    const permit = this.breaker.tryAcquire();
    if (permit === undefined) return this.#breakerOpen();
    this.#inFlight++;
    return permit;
  }

  /** The end of a call that was admitted. */
  release(permit: BreakerPermit, verdict: LateVerdict): void {
    this.#inFlight--;
    whenKnown(verdict, (known) => permit.settle(known));
  }

  /**
   * The member in rotation that takes a call about `subject`; `undefined` when there is none beside those tried. With
   * `only` it is that member or nobody.
   */
  pick(subject: Subject, tried: ReadonlySet<ManagedServer>, only?: string): Chosen | undefined {
    const free = this.#roster
      .inRotation()
      .filter(({ server, member }) => !tried.has(server) && (only ?? member.id) === member.id);
    const able = mayServe(subject, free);
    const [first, ...others] = able.map(({ member }) => member);
    if (first === undefined) return undefined;
    const picked = this.#strategy.pick([first, ...others]);
    return able.find(({ member }) => member === picked);
  }

  /** A health check of a server ended. */
  checked(server: ManagedServer, verdict: Verdict): void {
    this.observe(server, verdict);
    this.#compareOffer();
  }

  /** A call said something about a server. */
  observe(server: ManagedServer, verdict: LateVerdict): void {
    whenKnown(verdict, (known) => this.#roster.find(server.id)?.observe(server, known));
  }

  /** Whether the server is out of rotation until it has shown that it works. */
  isSuspected(server: ManagedServer): boolean {
    return this.#roster.find(server.id)?.health().healthy === false;
  }

  /** Why nobody is there who could take a call about `subject`. */
  nobodyFor(subject: Subject): Failure {
    const what = subject === undefined ? "" : ` that offers "${shortText(subject.name, 200)}"`;
    const message = `no member of group "${this.id}"${what} is in rotation: ${this.#roster.whoIsOut()}`;
    return failure("circuit_open", message, this.#roster.retryAfterMs(this.#clock.nowMs()));
  }

  /** A session of some member, started if need be: of one that runs, else of the first in rotation that starts. */
  async ensureReady(signal: CancelSignal): Promise<UpstreamSession | Failure> {
    const running = this.#inRotation()
      .find((server) => server.session() !== undefined)
      ?.session();
    return running ?? this.#first((server) => server.ensureReady(signal), signal);
  }

  /** Fetches a list that is known of no member, from the first in rotation that answers. */
  async refresh(list: ListKind, signal: CancelSignal): Promise<ListItems | Failure> {
    const fetched = await this.#first((server) => server.refresh(list, signal), signal);
    return "code" in fetched ? fetched : (this.catalog.known(list) ?? []);
  }

  /** Fetches the stale lists of running members without anybody waiting; a difference is announced. */
  refreshInBackground(list: ListKind): void {
    for (const server of this.servers()) server.refreshInBackground(list);
  }

  /** Somebody asked for a tool that no member lists. */
  refreshMissed(): void {
    for (const server of this.servers()) server.refreshMissed();
  }

  /** Takes over what is known of members from the group's former shape. */
  inherit(old: ServerGroup): void {
    this.#roster.inherit(old.#roster);
  }

  snapshot(): GroupSnapshot {
    const members = this.#roster.snapshot();
    return {
      id: this.id,
      strategy: this.options.strategy,
      minHealthy: this.options.min_healthy,
      inRotation: members.filter(({ inRotation }) => inRotation).length,
      breaker: this.breaker.state(),
      inFlight: this.#inFlight,
      members,
    };
  }

  /** The group as metrics see it: as one more server, which is dead without members and degraded with too few. */
  serverSnapshot(): ServerSnapshot {
    const inRotation = this.#inRotation();
    const enough = inRotation.length >= this.options.min_healthy;
    const running = inRotation.some((server) => server.session() !== undefined);
    return {
      id: this.id,
      mode: "group",
      group: undefined,
      state: inRotation.length === 0 ? "dead" : !enough ? "degraded" : running ? "ready" : "cold",
      up: enough,
      initialized: this.servers().some((server) => server.snapshot().initialized),
      coldStartInProgress: false,
      consecutiveFailures: 0,
      breaker: this.breaker.state(),
      inFlight: this.#inFlight,
      httpConnections: undefined,
      ownSessions: undefined,
      messages: NO_MESSAGES,
      transferBytes: undefined,
      tools: this.catalog.toolNames(),
      toolDefinitionBytes: this.catalog.definitionBytes(),
    };
  }

  /** Looked at with each health check: members leave rotation by many causes, and not all of them tell. */
  #compareOffer(): void {
    const offer = this.catalog.fingerprint();
    if (this.#offer !== undefined && this.#offer !== offer) this.#onOfferChanged(this);
    this.#offer = offer;
  }

  #inRotation(): readonly ManagedServer[] {
    return this.#roster.inRotation().map(({ server }) => server);
  }

  /** What the first member in rotation answers that does not fail. */
  async #first<T extends object>(
    ask: (server: ManagedServer) => Promise<T | Failure>,
    signal: CancelSignal,
  ): Promise<T | Failure> {
    let last: T | Failure = this.nobodyFor(undefined);
    for (const server of this.#inRotation()) {
      last = await ask(server);
      if (!("code" in last) || signal.aborted) return last;
    }
    return last;
  }

  #tooFew(inRotation: number): Failure {
    const counted = `${inRotation} of ${this.#roster.size} members in rotation and needs ${this.options.min_healthy}`;
    const message = `group "${this.id}" has ${counted} (min_healthy): ${this.#roster.whoIsOut()}`;
    return failure("circuit_open", message, this.#roster.retryAfterMs(this.#clock.nowMs()));
  }

  #breakerOpen(): Failure {
    const retryAfterMs = this.breaker.retryAfterMs();
    const message = `circuit breaker of group "${this.id}" is open after calls that no member could serve`;
    return failure("circuit_open", `${message}; next probe in ${Math.ceil(retryAfterMs)} ms`, retryAfterMs);
  }
}

/** A group itself speaks with nobody. */
const NO_MESSAGES = new MessageCounter().totals();
