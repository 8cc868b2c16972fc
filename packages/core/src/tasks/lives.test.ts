import { getEventListeners } from "node:events";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { expect, it } from "vitest";
import type { CallResult } from "../call.ts";
import { Gateway } from "../gateway.ts";
import type { ClientLine, Party } from "../lifecycle/session-party.ts";
import { circuitBreakerOptions, executionOptions, serverOptions } from "../options.ts";
import type { JsonObject, JsonRpcNotification, JsonRpcRequest } from "../protocol/json-rpc.ts";
import { settlePromises } from "../testing/fake-clock.ts";
import { type FakePlatform, fakePlatform } from "../testing/fake-platform.ts";
import { FakeTaskServer, TASK_PEER } from "../testing/fake-task-server.ts";
import { FakeTransport } from "../testing/fake-transport.ts";
import { RecordingBus } from "../testing/recording-bus.ts";
import { type SeededRandom, seededRandom } from "../testing/seeded-random.ts";
import type { ServerRequestReply } from "../transports/session.ts";
import { type TasksOptions, tasksOptions } from "./options.ts";
import type { RelayedTask } from "./relayed-task.ts";
import { isEnd, relatedTaskOf } from "./task-messages.ts";

const LIVES = 100;
const STEPS = 60;
const HOUR_MS = 3_600_000;

/** A client of a caller: what it was told and asked, and which tasks it has begun. */
class FakeClient implements ClientLine {
  readonly abilities = {};
  readonly logLevel = undefined;
  isListening = true;
  hasLeft = false;
  readonly id: string;
  readonly caller: Caller;
  /** Ids of tasks that it has heard of unasked. */
  readonly heard: string[] = [];
  readonly #answers: ((reply: ServerRequestReply) => void)[] = [];

  constructor(id: string, caller: Caller) {
    this.id = id;
    this.caller = caller;
  }

  get party(): Party {
    return { caller: this.caller, line: this };
  }

  canAnswer(): boolean {
    return true;
  }

  askAnytime(request: JsonRpcRequest, signal?: AbortSignal): Promise<ServerRequestReply> {
    return this.ask(request, signal);
  }

  ask({ params }: JsonRpcRequest, signal: AbortSignal | undefined): Promise<ServerRequestReply> {
    this.#hear(params);
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      signal?.addEventListener("abort", () => resolve({ kind: "error", error: { code: 0, message: "gone" } }), {
        once: true,
      });
    });
  }

  push({ params }: JsonRpcNotification): void {
    this.#hear(params);
  }

  answer(): void {
    this.#answers.shift()?.({ kind: "result", result: { action: "accept" } });
  }

  #hear(params: JsonObject): void {
    this.heard.push(relatedTaskOf(params) ?? (params.taskId as string));
  }
}

/** A `tasks/result` of a client. */
interface Wait {
  readonly client: FakeClient;
  readonly task: RelayedTask;
  readonly leave: AbortController;
  outcome: CallResult | undefined | "waiting";
}

const KNOWN = (name: string): Caller => ({ type: "api_key", id: registeredName(name), roles: [], credential: name });
const NOBODY: Caller = { type: "anonymous", id: registeredName("anonymous"), roles: [], credential: "anonymous" };

/** A gateway with a server that makes tasks, clients that use them in any order, and all that may go wrong on the way. */
class Life {
  readonly log: string[] = [];
  readonly #random: SeededRandom;
  readonly #platform: FakePlatform;
  readonly #bus = new RecordingBus();
  readonly #transport: FakeTransport;
  readonly #gateway: Gateway;
  readonly #limits: TasksOptions;
  readonly #clients: FakeClient[] = [];
  readonly #begun: { readonly task: RelayedTask; readonly client: FakeClient }[] = [];
  readonly #waits: Wait[] = [];
  /** Of the session that is there; ids begin anew with each. */
  #server = new FakeTaskServer();
  #questions = 0;

  constructor(seed: number) {
    const random = seededRandom(seed);
    this.#random = random;
    this.#platform = fakePlatform({ seed });
    this.#transport = new FakeTransport(this.#platform.clock, {
      peer: TASK_PEER,
      reply: (request) => this.#server.reply(request),
    });
    this.#limits = tasksOptions.parse({
      max: random.integer(1, 12),
      max_per_caller: random.integer(1, 6),
      max_per_server: random.integer(1, 8),
      max_ttl_s: random.pick([10, 100, 3_600]),
    });
    const mode = random.pick(["shared", "per_caller", "per_client"] as const);
    this.#gateway = new Gateway({
      servers: {
        fake: serverOptions.parse({ mode: "subprocess", command: "fake", sessions: mode, idle_ttl_s: 60 }),
      },
      execution: executionOptions.parse({}),
      circuitBreaker: circuitBreakerOptions.parse({ failure_threshold: 100 }),
      tasks: this.#limits,
      bus: this.#bus,
      platform: this.#platform,
      info: { name: "lives", version: "0.0.0" },
      transports: () => this.#transport,
    });
    this.#gateway.start();
    for (const [index, caller] of [KNOWN("ann"), KNOWN("ann"), KNOWN("bob"), NOBODY, NOBODY].entries()) {
      this.#clients.push(new FakeClient(`client-${index}`, caller));
    }
  }

  async step(): Promise<void> {
    const step = this.#random.pick(STEP_NAMES);
    this.log.push(step);
    await this[step]();
    await settlePromises();
    this.#check();
  }

  async begin(): Promise<void> {
    const client = this.#random.pick(this.#clients as [FakeClient]);
    if (client.hasLeft) return;
    this.#server.ttlMs = this.#random.pick([null, 0, -1, 5_000, 1e308, "soon"]);
    this.#server.resultChars = this.#random.pick([10, 100, 200_000]);
    const { caller } = client;
    const wish = { params: {}, line: client, wants: () => true, mayHear: () => true };
    const before = new Set(this.#gateway.tasks.of(client.party));
    const call = { server: "fake", tool: "work", arguments: { text: client.id }, caller, line: client, task: wish };
    const result = await this.#gateway.callTool({ ...call, clientEra: "legacy" });
    const [task] = this.#gateway.tasks.of(client.party).filter((each) => !before.has(each));
    expect(result.kind === "result", JSON.stringify(result)).toBe(task !== undefined);
    if (task !== undefined) this.#begun.push({ task, client });
  }

  end(): void {
    this.#some((server, task) => server.end(task, this.#random.pick(["completed", "failed", "cancelled"])));
  }

  forget(): void {
    this.#some((server, task) => server.forget(task));
  }

  ask(): void {
    this.#some((server, { waiting }) => {
      const request = { id: ++this.#questions, method: "elicitation/create", params: {} };
      void waiting.at(-1)?.request.onServerRequest?.(request);
      void server;
    });
  }

  tell(): void {
    this.#some((server, task) => {
      const params = server.described(task);
      this.#transport.lastSession?.emitNotification({ method: "notifications/tasks/status", params });
    });
  }

  async look(): Promise<void> {
    const { client, task } = this.#pickTask() ?? {};
    if (client === undefined || task === undefined) return;
    const context = { method: this.#random.pick(["tasks/get", "tasks/cancel"]), caller: client.caller, line: client };
    const result = await this.#gateway.askAbout(task, context);
    if (context.method === "tasks/cancel" && result.kind === "result") task.cancelled();
  }

  wait(): void {
    const { client, task } = this.#pickTask() ?? {};
    if (client === undefined || task === undefined) return;
    const wait: Wait = { client, task, leave: new AbortController(), outcome: "waiting" };
    this.#waits.push(wait);
    const { signal } = wait.leave;
    const ask = (request: JsonRpcRequest): Promise<ServerRequestReply> => client.ask(request, signal);
    void task.result({ notify: (told) => client.push(told), ask, signal }).then((outcome) => {
      wait.outcome = outcome;
    });
  }

  leaveWait(): void {
    this.#waits.at(this.#random.integer(0, 20))?.leave.abort();
  }

  leave(): void {
    const client = this.#random.pick(this.#clients as [FakeClient]);
    client.hasLeft = true;
    client.isListening = false;
    this.#gateway.left(client);
    // Another comes in the place of the one that left.
    const index = this.#clients.indexOf(client);
    this.#clients[index] = new FakeClient(`${client.id}+`, client.caller);
  }

  answer(): void {
    this.#random.pick(this.#clients as [FakeClient]).answer();
  }

  deafen(): void {
    const client = this.#random.pick(this.#clients as [FakeClient]);
    client.isListening = !client.isListening;
  }

  crash(): void {
    this.#server = new FakeTaskServer();
    for (const session of this.#transport.sessions) session.crash();
  }

  temper(): void {
    this.#server.isImpatient = !this.#server.isImpatient;
  }

  async pass(): Promise<void> {
    await this.#platform.clock.advanceAsync(this.#random.pick([10, 1_000, 6_000, 30_000]));
  }

  /** What has happened in it. */
  get counts(): Readonly<Record<"begun" | "ended" | "waited" | "failed" | "heard", number>> {
    const ended = this.#bus.of("task.finished").filter(({ outcome }) => outcome.status === "success").length;
    const failed = this.#waits.filter(({ outcome }) => typeof outcome === "object" && outcome.kind === "failure");
    const heard = this.#clients.reduce((sum, client) => sum + client.heard.length, 0);
    return { begun: this.#begun.length, ended, waited: this.#waits.length, failed: failed.length, heard };
  }

  /** Ends everything, by the time of its life or with the gateway, and looks for what is left. */
  async finish(): Promise<void> {
    if (this.#random.chance(0.5)) {
      await this.#platform.clock.advanceAsync(2 * HOUR_MS);
      expect(this.#gateway.tasks.size).toBe(0);
      // Nothing holds a session any more.
      expect(this.#transport.live).toBe(0);
      // All places are free.
      const share = (index: number): Caller => KNOWN(`other-${index}`);
      const rooms = Array.from({ length: this.#limits.max }, (_, index) =>
        this.#gateway.tasks.reserve(registeredName(`server-${index}`), share(index)),
      );
      for (const room of rooms) {
        if ("code" in room) throw new Error(room.message);
        room.release();
      }
    }
    await this.#gateway.close();
    await settlePromises();
    expect(this.#gateway.tasks.size).toBe(0);
    const ends = this.#bus.of("task.finished").map(({ taskId }) => taskId);
    expect(ends.toSorted()).toEqual(this.#begun.map(({ task }) => task.id).toSorted());
    for (const { task } of this.#begun) {
      expect(task.hasEnded && isEnd(task.status)).toBe(true);
      expect(task.talk.waiting).toBe(0);
    }
    for (const { outcome, leave } of this.#waits) {
      expect(outcome).not.toBe("waiting");
      expect(getEventListeners(leave.signal, "abort").length).toBeLessThanOrEqual(this.#questions);
    }
    expect(this.#platform.clock.pendingTimers).toBe(0);
    expect(this.#transport.live).toBe(0);
  }

  #check(): void {
    const { tasks } = this.#gateway;
    const { max, max_per_caller: ofOne, max_per_server: atOne } = this.#limits;
    expect(tasks.size).toBeLessThanOrEqual(max);
    const kept = this.#begun.filter(({ task, client }) => tasks.find(task.id, client.party) !== undefined);
    const shares = new Map<string, number>();
    for (const { client } of kept) {
      const { credential } = client.caller;
      shares.set(credential, (shares.get(credential) ?? 0) + 1);
    }
    for (const count of shares.values()) expect(count).toBeLessThanOrEqual(ofOne);
    expect(kept.filter(({ task }) => !task.hasEnded).length).toBeLessThanOrEqual(atOne);
    const owner = (client: FakeClient): string => (client.caller === NOBODY ? client.id : client.caller.credential);
    const ownerOfTask = new Map(this.#begun.map(({ task, client }) => [task.id, owner(client)]));
    for (const client of this.#clients) {
      for (const { task, client: other } of kept) {
        expect(tasks.find(task.id, client.party) !== undefined).toBe(owner(client) === owner(other));
      }
      for (const task of tasks.of(client.party)) expect(ownerOfTask.get(task.id)).toBe(owner(client));
      // An event can come before the test knows the task.
      for (const id of client.heard) expect(ownerOfTask.get(id) ?? owner(client)).toBe(owner(client));
    }
    for (const { outcome, task, client } of this.#waits) {
      if (outcome === "waiting" || outcome === undefined || outcome.kind !== "result") continue;
      const begun = this.#begun.find((each) => each.task === task);
      expect(owner(client)).toBe(begun && owner(begun.client));
      expect(JSON.stringify(outcome.result.value)).toContain(begun?.client.id);
    }
  }

  /** One of the tasks of the server. */
  #some(work: (server: FakeTaskServer, task: Parameters<FakeTaskServer["end"]>[0]) => void): void {
    const tasks = [...this.#server.tasks.values()];
    const task = tasks[this.#random.integer(0, Math.max(0, tasks.length - 1))];
    if (task !== undefined) work(this.#server, task);
  }

  /** A client and one of the tasks that it sees. */
  #pickTask(): { readonly client: FakeClient; readonly task: RelayedTask } | undefined {
    const client = this.#random.pick(this.#clients as [FakeClient]);
    const own = this.#gateway.tasks.of(client.party);
    const task = own[this.#random.integer(0, Math.max(0, own.length - 1))];
    return task === undefined ? undefined : { client, task };
  }
}

const STEP_NAMES = [
  "begin",
  "begin",
  "begin",
  "end",
  "end",
  "forget",
  "ask",
  "tell",
  "look",
  "wait",
  "wait",
  "leaveWait",
  "leave",
  "answer",
  "deafen",
  "crash",
  "temper",
  "pass",
  "pass",
] as const satisfies readonly (keyof Life)[];

it("in random lives tasks are their owners' alone, keep to the limits, end once each, and leave nothing behind", async () => {
  const counts: Record<string, number> = {};
  for (let seed = 1; seed <= LIVES; seed++) {
    const life = new Life(seed);
    try {
      for (let step = 0; step < STEPS; step++) await life.step();
      life.log.push("finish");
      await life.finish();
      for (const [name, count] of Object.entries(life.counts)) counts[name] = (counts[name] ?? 0) + count;
    } catch (error) {
      throw new Error(`seed ${seed}: ${life.log.join(", ")}`, { cause: error });
    }
  }
  // The lives were worth looking at.
  for (const count of Object.values(counts)) expect(count, JSON.stringify(counts)).toBeGreaterThan(LIVES / 2);
});
