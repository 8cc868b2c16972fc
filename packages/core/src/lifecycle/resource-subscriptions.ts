import type { Platform } from "../platform/platform.ts";
import { startDeadline } from "../resilience/deadline.ts";
import type { UpstreamSession } from "../transports/session.ts";

/** What the subscriptions need of the server around them. */
export interface SubscriptionContext {
  readonly platform: Platform;
  /** Milliseconds the server may take to hear that nobody wants a resource any more. */
  readonly timeoutMs: number;
  /** The live session, if there is one. */
  readonly session: () => UpstreamSession | undefined;
}

/** A resource that somebody is subscribed to, or is about to be. */
interface Resource {
  holders: number;
  /** The URIs under which the server has it, letter by letter. */
  readonly spellings: Set<string>;
}

/**
 * Subscriptions to resources of a legacy server, which keeps one for each URI, however many of the gateway's clients wanted
 * it and at whichever endpoint. The server hears of the end when the last of them has gone, and not before.
 */
export class ResourceSubscriptions {
  readonly #context: SubscriptionContext;
  readonly #resources = new Map<string, Resource>();
  /** Farewells that are under way: a server that hears them late would end what was begun after them. */
  readonly #farewells = new Map<string, Promise<void>>();

  constructor(context: SubscriptionContext) {
    this.#context = context;
  }

  /** Whether nobody is subscribed, or about to be. */
  get isEmpty(): boolean {
    return this.#resources.size === 0;
  }

  /** Subscribes by `ask`, which resolves to whether the server agreed. Only then there is something to {@link remove}. */
  async add(uri: string, ask: () => Promise<boolean>): Promise<void> {
    const key = foldedUri(uri);
    for (let farewell = this.#farewells.get(key); farewell !== undefined; farewell = this.#farewells.get(key)) {
      await farewell;
    }
    const resource = this.#resources.get(key) ?? { holders: 0, spellings: new Set() };
    this.#resources.set(key, resource);
    // Counted before the server is asked, so that nobody who leaves meanwhile ends what it is about to begin.
    resource.holders++;
    let agreed = false;
    try {
      agreed = await ask();
    } finally {
      if (agreed) resource.spellings.add(uri);
      else this.#release(key, resource);
    }
  }

  /** One client wants the resource no longer. */
  remove(uri: string): void {
    const key = foldedUri(uri);
    const resource = this.#resources.get(key);
    if (resource !== undefined) this.#release(key, resource);
  }

  /** The server has started and knows nothing of what was subscribed to. Never rejects. */
  async renew(): Promise<void> {
    const uris = [...this.#resources.values()].flatMap(({ spellings }) => [...spellings]);
    await this.#tell("resources/subscribe", uris);
  }

  #release(key: string, resource: Resource): void {
    if (--resource.holders > 0) return;
    this.#resources.delete(key);
    if (resource.spellings.size === 0) return;
    const farewell = this.#tell("resources/unsubscribe", [...resource.spellings]).finally(() =>
      this.#farewells.delete(key),
    );
    this.#farewells.set(key, farewell);
  }

  /** Never rejects: a server that does not want to hear of it goes on as it likes, and what is not wanted is not passed on. */
  async #tell(method: "resources/subscribe" | "resources/unsubscribe", uris: readonly string[]): Promise<void> {
    const session = this.#context.session();
    if (session === undefined || uris.length === 0) return;
    const deadline = startDeadline(this.#context.platform.clock, this.#context.timeoutMs);
    const { signal } = deadline;
    const replies = uris.map((uri) =>
      session.request({ method, params: { uri }, signal, trace: {}, clientEra: "legacy" }),
    );
    await Promise.all(replies);
    deadline.dispose();
  }
}

/**
 * Folds URIs that a server might take for the same resource: upper and lower case, percent-encoding, dots and slashes. To
 * fold too much does no harm: the server is told a little later that one of them is not wanted any more.
 */
export function foldedUri(uri: string): string {
  const plain = URL.parse(uri)?.href ?? encodeURI(uri.toWellFormed());
  return decoded(decoded(plain))
    .toLowerCase()
    .replaceAll(/[^a-z0-9\u0080-\uffff]/g, "");
}

function decoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
