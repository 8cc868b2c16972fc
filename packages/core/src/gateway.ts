import type { Caller, Decision, Telemetry } from "@mcp-hangar/telemetry";
import { type AccessPolicy, admitRate, type Rates, ratesOf } from "./admission.ts";
import { CallRecord, type CallResult, type RelayContext, type ToolCall } from "./call.ts";
import { callLimit, limitSizes } from "./call-limit.ts";
import { type Failure, failure, toldTo } from "./errors.ts";
import { type Exchange, type ExchangeParts, exchangeWith } from "./exchange.ts";
import { Fleet, type FleetEntry, type FleetOptions } from "./fleet.ts";
import { relayedItem } from "./groups/relay-subject.ts";
import { ServerGroup } from "./groups/server-group.ts";
import { callToolOfGroup, relayToGroup } from "./groups/through-group.ts";
import type { ManagedServer } from "./lifecycle/managed-server.ts";
import type { ClientLine } from "./lifecycle/session-party.ts";
import type { RateLimitOptions } from "./options.ts";
import type { CancelSignal } from "./platform/cancellation.ts";
import { isJsonObject, type JsonObject } from "./protocol/json-rpc.ts";
import { hiddenItem, shortName, taskIsGone, unexpected, unknownTool } from "./refusals.ts";
import { RequestRecord, type RequestStart } from "./request-record.ts";
import { type TasksOptions, tasksOptions } from "./tasks/options.ts";
import type { RelayedTask } from "./tasks/relayed-task.ts";
import { TaskCall, type TaskWish } from "./tasks/task-call.ts";
import { Tasks } from "./tasks/tasks.ts";
import { toolExchange } from "./tool-exchange.ts";
import { Witnesses } from "./witnesses.ts";

export interface GatewayOptions extends FleetOptions, Telemetry {
  readonly rateLimit?: RateLimitOptions | undefined;
  /** How many tasks are relayed; the defaults when absent. */
  readonly tasks?: TasksOptions | undefined;
  /** Which callers may use which tools; everybody everything when absent. */
  readonly access?: AccessPolicy | undefined;
  /** Whether a caller runs a server, and hears why it fails with its stderr and all; everybody does when absent. */
  readonly runs?: ((caller: Caller, server: string) => boolean) | undefined;
}

/** Limits that can change while the gateway runs; what is absent stays as it is. */
type GatewayLimits = Partial<Pick<GatewayOptions, "execution" | "circuitBreaker" | "rateLimit" | "tasks">>;

/** A request other than a tool call that is passed on to one server. */
export interface Relay extends RelayContext {
  readonly server: string;
  readonly method: string;
  /** Without `_meta`. */
  readonly params: JsonObject;
  /** Whether {@link Gateway.admitRequest} has let it in already, as a part of something larger. */
  readonly admitted?: boolean | undefined;
  /** The record of the request that it is a part of, which is settled by whoever made it; one of its own when absent. */
  readonly record?: RequestRecord | undefined;
}

/** The gateway: a fleet of servers, and the one way of a call through it. */
export class Gateway {
  readonly fleet: Fleet;
  /** Calls that go on at their servers, for clients that come back for the results. */
  readonly tasks: Tasks;
  readonly #options: GatewayOptions;
  readonly #parts: ExchangeParts;
  #rates: Rates;
  readonly #witnesses: Witnesses;
  /** Call ids are this and a running number: as unique as a UUID, at a tenth of its cost. */
  readonly #callIdPrefix: string;
  #calls = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#callIdPrefix = options.platform.uuid();
    this.#witnesses = new Witnesses(options, options.platform.clock);
    const slots = callLimit(options.execution.max_concurrency, options.execution);
    this.#parts = { platform: options.platform, slots, witnesses: this.#witnesses };
    this.#rates = ratesOf(options.rateLimit, options.platform);
    this.fleet = new Fleet(options);
    this.tasks = new Tasks(options.tasks ?? tasksOptions.parse({}), options);
    this.fleet.observe({
      onListChanged: () => {},
      onNotification: (server, notification, audience) => {
        if (notification.method === "notifications/tasks/status") this.tasks.told(server, notification, audience);
      },
    });
  }

  /**
   * Calls a tool in five hops. Whatever happens, exactly one `call.finished` is emitted and every permit is given back.
   * Aborting `signal` means that the caller left. Never rejects: refusals and failures are values.
   */
  async callTool(call: ToolCall, signal?: CancelSignal): Promise<CallResult> {
    const record = new CallRecord(call, call.callId ?? this.#nextId(), this.#witnesses);
    try {
      const server = this.#route(call, record); // 1 route: names become a server and a tool that the caller may use
      if ("code" in server) {
        // Records say what happened; the caller hears the same as of a tool that does not exist.
        return (await record.settle(server)) ?? (server.code === "access_denied" ? unknownTool(call) : server);
      }
      const refusal = admitRate(this.#rates.requests, record.caller); // 2 admit: the rate here, capacity in exchange.ts
      if (refusal !== undefined) return (await record.settle(refusal)) ?? refusal;
      const result = await (call.task === undefined
        ? this.#invoke(server, call, record, { signal })
        : this.#invokeAsTask(server, call, call.task, record, signal));
      const unwritten = record.settle(result); // 5 settle
      const refused = unwritten === undefined ? undefined : await unwritten;
      return this.told(refused ?? result, record.caller, record.server ?? call.server);
    } catch (error) {
      const failed = unexpected(error);
      const refused = await record.settle(failed);
      return this.told(refused ?? failed, record.caller, record.server ?? call.server);
    }
  }

  /**
   * Takes a token of the caller for a request to a server that is no tool call, from the bucket that tool calls take theirs from.
   * A failure when there is none, which the end of the request tells.
   */
  admitRequest(caller: Caller): Failure | undefined {
    return admitRate(this.#rates.requests, caller);
  }

  /**
   * The same for an operation of the gateway's management, from a bucket of its own: whoever has spent the other on calls can
   * still look what is wrong.
   */
  admitOperation(caller: Caller): Failure | undefined {
    return admitRate(this.#rates.operations, caller);
  }

  /** Begins the record of a request that is no tool call; whoever begins it settles it. */
  record(request: Omit<RequestStart, "id">, context: RelayContext): RequestRecord {
    return new RequestRecord({ ...request, id: this.#nextId() }, context, this.#witnesses);
  }

  /** Passes another request on (prompts, resources, completion) under the same limits and deadline. Never rejects. */
  async relay(request: Relay, signal?: CancelSignal): Promise<CallResult> {
    const { server, method, record = this.record({ server, method, subject: undefined }, request) } = request;
    const result = await this.#relay(request, record, signal);
    const refused = request.record === undefined ? await record.settle(result) : undefined;
    return this.told(refused ?? result, record.caller, server);
  }

  /** A result as the caller may hear it: only who runs a server hears what it wrote to its stderr, and where it is. */
  told<Result extends { readonly kind: string }>(
    result: Result | Failure,
    caller: Caller,
    server: string,
  ): Result | Failure {
    return toldTo(result, () => this.#options.runs?.(caller, server) ?? true);
  }

  /** Asks the server of a task about it, with a method that takes its id. Never rejects. */
  async askAbout(
    task: RelayedTask,
    request: Omit<Relay, "server" | "params">,
    signal?: CancelSignal,
  ): Promise<CallResult> {
    const { server } = task;
    const { record = this.record({ server: server.id, method: request.method, subject: task.id }, request) } = request;
    record.server = task.entry;
    const refusal = request.admitted === true ? undefined : this.admitRequest(record.caller);
    const isOfOneClient = server.options.sessions === "per_client";
    const context = { ...request, clientEra: "legacy", ...(isOfOneClient && { line: task.owner.line }) } as const;
    const gone = (): Failure => {
      task.lose();
      return taskIsGone(task);
    };
    const params: Exchange["params"] = (session) =>
      task.isAt(session) ? { params: { taskId: task.upstreamId } } : gone();
    const exchange = { method: request.method, context, record, params };
    // No server is started to say that it knows of no task.
    const result = refusal ?? (task.isLive ? await this.#send(server, exchange, signal).catch(unexpected) : gone());
    const refused = request.record === undefined ? await record.settle(result) : undefined;
    return this.told(refused ?? result, record.caller, server.id);
  }

  /** A client has gone, and what is kept for it goes as well. */
  left(line: ClientLine): void {
    this.tasks.left(line);
    this.fleet.left(line);
  }

  /** Changes limits while calls run; those that are admitted already keep what they have. */
  configure(limits: GatewayLimits): void {
    const { execution, circuitBreaker, rateLimit, tasks } = limits;
    if (tasks !== undefined) this.tasks.configure(tasks);
    if (execution !== undefined) this.#parts.slots.resize(limitSizes(execution.max_concurrency, execution));
    this.fleet.configure({ ...(execution && { execution }), ...(circuitBreaker && { circuitBreaker }) });
    // Every principal begins anew with a full bucket: a burst once, when somebody changes the limit.
    if (rateLimit !== undefined) this.#rates = ratesOf(rateLimit, this.#options.platform);
  }

  /** Starts health checks and the idle sweep. Servers start on their first call. */
  start(): void {
    this.fleet.start();
  }

  /** Calls and other requests whose end was not told yet. After {@link close} they end by themselves, and soon. */
  untold(): number {
    return this.#witnesses.open;
  }

  /** Stops everything that was started; calls in flight end with `connection`. Resolves when all processes are gone. */
  async close(): Promise<void> {
    this.tasks.close();
    await this.fleet.close();
  }

  async #relay(request: Relay, record: RequestRecord, signal: CancelSignal | undefined): Promise<CallResult> {
    const server = this.fleet.entry(request.server);
    if (server === undefined) return failure("invalid_request", `there is no server "${shortName(request.server)}"`);
    record.server = server.id;
    const item = relayedItem(request);
    if (item !== undefined && server.catalog.hides(item.list, item.name)) return hiddenItem(request, item.name);
    const refusal = request.admitted === true ? undefined : this.admitRequest(record.caller);
    if (refusal !== undefined) return refusal;
    try {
      return await (server instanceof ServerGroup
        ? relayToGroup(server, request, {
            clock: this.#options.platform.clock,
            send: (member, attempt) => this.#relayTo(member, attempt, record, signal),
          })
        : this.#relayTo(server, request, record, signal));
    } catch (error) {
      return unexpected(error);
    }
  }

  /** Ids of calls and other requests. */
  #nextId(): string {
    return `${this.#callIdPrefix}-${++this.#calls}`;
  }

  #route(call: ToolCall, record: CallRecord): FleetEntry | Failure {
    if (call.tool === "") return failure("invalid_request", "a call needs the name of a tool");
    const server = this.fleet.entry(call.server);
    if (server === undefined) return unknownTool(call);
    record.server = server.id;
    record.tool = server.catalog.tool(call.tool);
    // Before anything that depends on what the server offers: by name alone, so that no answer tells what exists.
    record.decision = this.#options.access?.(record.caller, server.id, call.tool) ?? OPEN;
    if (record.decision.result === "denied") {
      return failure("access_denied", `"${record.caller.id}" may not call "${record.tool ?? "that tool"}"`);
    }
    // A server that was never started has listed nothing yet; its tool is looked up again once it runs.
    if (record.tool === undefined && server.catalog.lacks(call.tool)) {
      server.refreshMissed();
      return unknownTool(call);
    }
    if (call.arguments !== undefined && !isJsonObject(call.arguments)) {
      return failure("invalid_request", `arguments of "${shortName(call.tool)}" must be an object`);
    }
    return server;
  }

  #invoke(
    server: FleetEntry,
    call: ToolCall,
    record: CallRecord,
    { task, signal }: { readonly task?: TaskCall; readonly signal: CancelSignal | undefined },
  ): Promise<CallResult> {
    const send = (member: ManagedServer, attempt: ToolCall): Promise<CallResult> =>
      this.#send(member, toolExchange(attempt, member, record, task), signal); // 3 ready, 4 invoke
    if (!(server instanceof ServerGroup)) return send(server, call);
    return callToolOfGroup(server, call, record, { clock: this.#options.platform.clock, send }); // at members in turn
  }

  /** The same for a call that is to go on as a task: there must be room for one before the server is asked. */
  async #invokeAsTask(
    server: FleetEntry,
    call: ToolCall,
    wish: TaskWish,
    record: CallRecord,
    signal: CancelSignal | undefined,
  ): Promise<CallResult> {
    const room = this.tasks.reserve(server.id, record.caller);
    if ("code" in room) return room;
    const task = new TaskCall(this.tasks, wish, record, room);
    try {
      return await this.#invoke(server, call, record, { task, signal });
    } finally {
      task.end();
    }
  }

  #send(server: ManagedServer, exchange: Exchange, signal: CancelSignal | undefined): Promise<CallResult> {
    return exchangeWith(server, exchange, this.#parts, signal);
  }

  #relayTo(
    server: ManagedServer,
    { method, meta, ...request }: Relay,
    record: RequestRecord,
    signal: CancelSignal | undefined,
  ): Promise<CallResult> {
    const params = meta === undefined ? request.params : { ...request.params, _meta: meta };
    return this.#send(server, { method, context: request, record, params: () => ({ params }) }, signal);
  }
}

/** What allows everything where callers are not asked who they are. */
const OPEN: Decision = { result: "allowed", by: "open" };
