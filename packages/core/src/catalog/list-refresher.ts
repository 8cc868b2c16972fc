import type { Clock } from "../platform/platform.ts";
import { isJsonObject } from "../protocol/json-rpc.ts";
import type { UpstreamSession } from "../transports/session.ts";
import type { ListFailure } from "./fetch-list.ts";
import { LISTS, type ListKind } from "./lists.ts";
import type { ServerCatalog } from "./server-catalog.ts";

/** Announced changes are gathered for this long before a list is fetched again. */
const DEBOUNCE_MS = 50;
/** A call of an unlisted tool fetches the list again at most this often. */
const MISS_INTERVAL_MS = 5_000;
/** A list is not fetched again because of its age more often than this, whatever the server says. */
const AGE_MIN_MS = 5_000;

/** What the refresher needs of the server around it. */
export interface RefreshContext {
  readonly catalog: ServerCatalog;
  readonly clock: Clock;
  /** How long one fetch of a list may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The age from which the list of a server that announces no changes is fetched again when somebody asks for it, in milliseconds. */
  readonly maxAgeMs: number;
  /** The live session, if there is one. */
  readonly session: () => UpstreamSession | undefined;
  /** A list has other items than before. */
  readonly onChanged: (list: ListKind) => void;
}

/** Keeps the lists of one server fresh: on demand, on `list_changed`, and when callers ask for unlisted tools. */
export class ListRefresher {
  readonly #context: RefreshContext;
  readonly #running = new Map<ListKind, Promise<boolean | ListFailure>>();
  readonly #announced = new Set<ListKind>();
  readonly #fetchedMs = new Map<ListKind, number>();
  #scheduled = false;
  #lastMissMs = Number.NEGATIVE_INFINITY;

  constructor(context: RefreshContext) {
    this.#context = context;
  }

  /** Fetches a list, joining a fetch that already runs. True when it changed. */
  refresh(list: ListKind, session: UpstreamSession): Promise<boolean | ListFailure> {
    const running = this.#running.get(list);
    if (running !== undefined) return running;
    const refresh = this.#fetch(list, session).finally(() => this.#running.delete(list));
    this.#running.set(list, refresh);
    return refresh;
  }

  /** The start of the server has fetched a list. */
  fetched(list: ListKind): void {
    this.#fetchedMs.set(list, this.#context.clock.nowMs());
  }

  /** Fetches a list that may be out of date without anybody waiting; a difference is announced. */
  inBackground(list: ListKind): void {
    const { catalog } = this.#context;
    if (!catalog.isStale(list) && this.#isOld(list)) catalog.invalidateList(list);
    if (catalog.isStale(list)) void this.#refetch(list);
  }

  #isOld(list: ListKind): boolean {
    const { catalog, clock, maxAgeMs, session } = this.#context;
    const fetchedMs = this.#fetchedMs.get(list);
    const capability = session()?.peer.capabilities[LISTS[list].capability];
    if (fetchedMs === undefined || capability === undefined) return false;
    const announces = isJsonObject(capability) && capability.listChanged === true;
    const ageMaxMs = catalog.ttlMs(list) ?? (announces ? Number.POSITIVE_INFINITY : maxAgeMs);
    return clock.nowMs() - fetchedMs >= Math.max(ageMaxMs, AGE_MIN_MS);
  }

  /** Handles a notification; false when it is not about lists. */
  announced(method: string): boolean {
    const lists = this.#context.catalog.invalidate(method);
    if (lists.length === 0) return false;
    for (const list of lists) this.#announced.add(list);
    // One timer at a time: a server may announce as often as it likes.
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#context.clock.schedule(DEBOUNCE_MS, () => this.#refetchAnnounced());
    }
    return true;
  }

  /**
   * Somebody asked for a tool that is not listed. Servers that change their tools without saying so are caught here, in
   * the background and at most once in a while, because callers can ask for anything.
   */
  missed(): void {
    const nowMs = this.#context.clock.nowMs();
    if (nowMs - this.#lastMissMs < MISS_INTERVAL_MS) return;
    this.#lastMissMs = nowMs;
    this.#context.catalog.invalidate(LISTS.tools.changed);
    void this.#refetch("tools");
  }

  #refetchAnnounced(): void {
    this.#scheduled = false;
    for (const list of this.#announced) void this.#refetch(list);
    this.#announced.clear();
  }

  async #refetch(list: ListKind): Promise<void> {
    const { catalog, session: live, onChanged } = this.#context;
    const session = live();
    // A list that nobody has asked for yet is fetched when somebody does.
    if (session === undefined || catalog.known(list) === undefined || !catalog.isStale(list)) return;
    if ((await this.refresh(list, session)) === true) onChanged(list);
  }

  async #fetch(list: ListKind, session: UpstreamSession): Promise<boolean | ListFailure> {
    const { catalog, clock, timeoutMs } = this.#context;
    const timeout = new AbortController();
    const cancel = clock.schedule(timeoutMs, () => timeout.abort());
    try {
      const outcome = await catalog.refresh(list, session, timeout.signal);
      // A failure counts as well: the server is not asked again at once.
      this.fetched(list);
      return outcome;
    } finally {
      cancel();
    }
  }
}
