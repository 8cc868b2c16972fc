import type { HangarEvent } from "./events.ts";
import { type RegisteredName, registeredName } from "./registered-name.ts";
import type { ListenerSnapshot } from "./snapshot.ts";

/** Receives every event, synchronously. It must be quick and must not return a promise that can reject. */
export type EventListener = (event: HangarEvent) => void;

interface Subscription {
  readonly name: RegisteredName;
  readonly listener: EventListener;
}

/**
 * One synchronous fan-out of events. A listener that throws is isolated and counted; the exception never reaches the
 * code that emitted. Listeners of one name share one error count, which survives unsubscription.
 */
export class TelemetryBus {
  #subscriptions: readonly Subscription[] = [];
  readonly #errors = new Map<RegisteredName, number>();
  readonly #onListenerError: ((listener: string, error: unknown) => void) | undefined;

  /** `onListenerError` is told of every exception, for logging; what it throws itself is dropped. */
  constructor(onListenerError?: (listener: string, error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Subscribes under `name` (the label `listener`); the returned function unsubscribes. */
  on(name: string, listener: EventListener): () => void {
    const subscription: Subscription = { name: registeredName(name), listener };
    if (!this.#errors.has(subscription.name)) this.#errors.set(subscription.name, 0);
    this.#subscriptions = [...this.#subscriptions, subscription];
    return () => {
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    };
  }

  /** Tells every listener that is subscribed now; one that unsubscribes meanwhile still receives this event. */
  emit(event: HangarEvent): void {
    for (const subscription of this.#subscriptions) {
      try {
        subscription.listener(event);
      } catch (error) {
        this.#errors.set(subscription.name, (this.#errors.get(subscription.name) ?? 0) + 1);
        this.#report(subscription.name, error);
      }
    }
  }

  #report(listener: string, error: unknown): void {
    try {
      this.#onListenerError?.(listener, error);
    } catch {
      // The listener's own exception is counted already, and a broken logger must not fail the call that emitted.
    }
  }

  /** How often each listener threw. */
  listeners(): readonly ListenerSnapshot[] {
    return [...this.#errors].map(([listener, errors]) => ({ listener, errors }));
  }
}
