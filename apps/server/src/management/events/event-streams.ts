import type { IncomingMessage, ServerResponse } from "node:http";
import type { CancelTimer, Clock } from "@mcp-hangar/core";
import type { Caller, EventIds } from "@mcp-hangar/telemetry";
import type { Access } from "../../access/access.ts";
import type { Permission } from "../../access/permissions.ts";
import type { RecordedEvent } from "../../noise/recorded-event.ts";
import { requestItems } from "../request-items.ts";
import { EventLog, type Gap, type LoggedEvent } from "./event-log.ts";
import { type EventKind, kindOf, viewOf, writeView } from "./event-view.ts";

/** Clients at the same time: operators and their dashboards. */
const CLIENTS_MAX = 50;
/** Of them, those of one caller: a dozen dashboards that come back in a loop must not keep everybody else out. */
const CALLER_CLIENTS_MAX = 10;
/** Bytes that may wait for a client; one that reads more slowly is sent away, and comes back to the log. */
const QUEUE_BYTES_MAX = 512 * 1_024;
/** A comment this often, in ms, so that proxies and clients see that the stream lives. */
const HEARTBEAT_MS = 15_000;
/** How long a client that was sent away may take to read what it has got, in ms. */
const FAREWELL_MS = 10_000;
/** How long clients wait before they come back, in ms. */
const RETRY_MS = 2_000;
/** How long calls and noise are kept for clients that come back, after the last one has left, in ms. */
const KEPT_WITHOUT_CLIENTS_MS = 5 * 60_000;
/** What happens with every call: it costs time and memory, and is kept only where somebody follows the events. */
const FREQUENT: ReadonlySet<EventKind> = new Set(["calls", "noise"]);

/** What is needed beside `system:read`, by a role without rules, for events about no server: their messages name servers, files and keys. */
const NEEDED: { readonly [Type in RecordedEvent["type"]]?: Permission } = {
  "config.reloaded": "config:read",
  "discovery.cycle_finished": "discovery:read",
};

/** Which events a client wants; everything where a list is absent. */
export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly servers?: readonly string[] | undefined;
}

/** Somebody who follows the stream. */
export interface EventSubscriber {
  readonly http: IncomingMessage;
  readonly caller: Caller;
  readonly filter: EventFilter;
  /** Id of the last event that the client has seen; only new events when absent. */
  readonly lastEventId: string | undefined;
}

export interface EventStreamsOptions {
  readonly clock: Clock;
  readonly access: Access;
  /** Names this run of the gateway: letters and digits. */
  readonly run: string;
  /** Ids of events, the same for everybody who exports them. */
  readonly ids: EventIds;
}

interface Client {
  readonly subscriber: EventSubscriber;
  readonly response: ServerResponse;
}

/**
 * The events of the gateway as Server-Sent Events. On the time of whoever emits, an event is only picked apart and kept;
 * it becomes text in the next turn, once for all clients.
 */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #log: EventLog;
  readonly #clients = new Set<Client>();
  /** Number of the last event that was handed out. */
  #sent = 0;
  #deferred = false;
  #closed = false;
  #cancelHeartbeat: CancelTimer | undefined;
  /** Whether a client is there, or may come back. */
  #followed = false;
  #cancelForgetting: CancelTimer | undefined;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    this.#log = new EventLog(options.run);
  }

  /** Listens to the bus. */
  readonly listener = (event: RecordedEvent): void => {
    const kind = kindOf(event);
    if (!this.#followed && FREQUENT.has(kind)) return this.#log.pass(kind);
    this.#log.add(kind, viewOf(event, this.#options.ids));
    if (this.#clients.size === 0 || this.#deferred) return;
    this.#deferred = true;
    this.#options.clock.defer(() => {
      this.#deferred = false;
      this.#handOut();
    });
  };

  /** Whether another client may come. */
  get isFull(): boolean {
    return this.#closed || this.#clients.size >= CLIENTS_MAX;
  }

  /** Whether the caller has as many streams as one may have. */
  isFullFor(caller: Caller, http: IncomingMessage): boolean {
    const owner = ownerOf(caller, http);
    let streams = 0;
    for (const { subscriber } of this.#clients) if (ownerOf(subscriber.caller, subscriber.http) === owner) streams++;
    return streams >= CALLER_CLIENTS_MAX;
  }

  /** Begins a stream: first what the client has missed, then what happens. */
  open(subscriber: EventSubscriber, response: ServerResponse): void {
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // Asks proxies not to hold events back.
      "x-accel-buffering": "no",
    });
    // Nobody else hears of what waits in this turn.
    this.#handOut();
    const client: Client = { subscriber, response };
    response.write(`retry: ${RETRY_MS}\n\n`);
    if (subscriber.lastEventId !== undefined) {
      const { events, gap } = this.#log.afterId(subscriber.lastEventId);
      if (gap !== undefined) response.write(gapFrame(gap));
      this.#write(client, events, this.#frames());
    }
    if (response.writableEnded || response.destroyed) return;
    this.#clients.add(client);
    this.#followed = true;
    this.#cancelForgetting?.();
    response.once("close", () => this.#left(client));
    this.#cancelHeartbeat ??= this.#scheduleHeartbeat();
  }

  /** Ends all streams; new ones are refused from now on. */
  close(): void {
    this.#closed = true;
    this.#cancelHeartbeat?.();
    this.#cancelForgetting?.();
    for (const { response } of this.#clients) response.end(": the gateway is shutting down\n\n");
    this.#clients.clear();
  }

  #left(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0 || this.#closed) return;
    this.#cancelForgetting?.();
    this.#cancelForgetting = this.#options.clock.schedule(KEPT_WITHOUT_CLIENTS_MS, () => {
      this.#followed = this.#clients.size > 0;
    });
  }

  #handOut(): void {
    const { events, gap } = this.#log.after(this.#sent);
    this.#sent = this.#log.last;
    const frame = this.#frames();
    for (const client of this.#clients) {
      // More happened in one turn than the log keeps.
      if (gap !== undefined) client.response.write(gapFrame(gap));
      this.#write(client, events, frame);
    }
  }

  #write(client: Client, events: readonly LoggedEvent[], frame: (event: LoggedEvent) => string): void {
    const { response, subscriber } = client;
    const text = events.filter((event) => this.#concerns(subscriber, event)).map(frame);
    if (text.length === 0) return;
    response.write(text.join(""));
    if (response.writableLength <= QUEUE_BYTES_MAX) return;
    this.#clients.delete(client);
    response.end(gapFrame("too_slow"));
    const cancel = this.#options.clock.schedule(FAREWELL_MS, () => response.destroy());
    response.once("close", cancel);
  }

  #concerns({ filter: { types, servers }, caller }: EventSubscriber, { view }: LoggedEvent): boolean {
    const { type, server, tool } = view;
    if (types !== undefined && !types.includes(type)) return false;
    const { access } = this.#options;
    if (server === undefined) {
      const needed = NEEDED[type];
      if (servers !== undefined || (needed !== undefined && !access.reachesAll(caller, needed))) return false;
      const { target } = view.fields;
      // Operations name what they are about: servers, groups, keys. Whoever reaches everything reaches what is no server, too.
      return typeof target !== "string" || access.reaches(caller, target, "system:read");
    }
    if (servers !== undefined && !servers.includes(server)) return false;
    if (tool !== undefined) return access.admits(caller, server, tool, "system:read");
    if (!access.reaches(caller, server, "system:read")) return false;
    const { method, subject } = view.fields;
    if (typeof method !== "string" || typeof subject !== "string") return true;
    return requestItems({ server, method, subject }).every((item) => access.shows(caller, server, item, "system:read"));
  }

  /** Writes each event once, however many clients it is for. */
  #frames(): (event: LoggedEvent) => string {
    const written = new Map<number, string>();
    return (event) => {
      let text = written.get(event.number);
      if (text === undefined) {
        text = `id: ${this.#log.idOf(event)}\nevent: ${event.view.type}\ndata: ${writeView(event.view)}\n\n`;
        written.set(event.number, text);
      }
      return text;
    };
  }

  #scheduleHeartbeat(): CancelTimer {
    return this.#options.clock.schedule(HEARTBEAT_MS, () => {
      this.#cancelHeartbeat = undefined;
      for (const client of this.#clients) void this.#heartbeat(client);
      if (this.#clients.size > 0) this.#cancelHeartbeat = this.#scheduleHeartbeat();
    });
  }

  /** A key that was revoked, or a token that has expired, ends the streams that began with it. */
  async #heartbeat({ subscriber, response }: Client): Promise<void> {
    const { access } = this.#options;
    const identified = await access.identify(subscriber.http);
    if (!response.writable) return;
    if (identified.kind === "caller" && access.permits(identified.caller, "system:read")) {
      response.write(": still here\n\n");
    } else {
      response.end(": access has ended\n\n");
    }
  }
}

/** Whose a stream is. Callers who need not say who they are are told apart by their addresses, as far as those go. */
function ownerOf({ type, credential, address }: Caller, { socket }: IncomingMessage): string {
  if (address !== undefined) return address;
  return type === "anonymous" ? `${credential} ${socket.remoteAddress ?? ""}` : credential;
}

/** Says that events are missing: the client should read afresh what it shows. */
function gapFrame(reason: Gap | "too_slow"): string {
  return `event: gap\ndata: ${JSON.stringify({ reason })}\n\n`;
}
