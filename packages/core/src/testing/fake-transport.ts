import type { CancelSignal } from "../platform/cancellation.ts";
import type { Clock } from "../platform/platform.ts";
import type { PeerDescription } from "../protocol/eras.ts";
import { type SessionObserver, StartError, type Transport, type UpstreamSession } from "../transports/session.ts";
import { FAKE_PEER, type FakeReply, FakeSession, serverWithTools } from "./fake-session.ts";

/** How a fake transport behaves. It is looked up whenever something happens, so tests change it at any time. */
export interface FakeBehaviour {
  peer: PeerDescription;
  /** Milliseconds that opening takes, whether or not it succeeds; with 0 the clock need not move. */
  openDelayMs: number;
  /** When set, opening fails with it after `openDelayMs`. */
  openError: StartError | undefined;
  /** Opening never ends unless it is aborted. */
  openHangs: boolean;
  /** Opening ignores its signal and delivers a session to somebody who no longer wants it. */
  openIgnoresAbort: boolean;
  /** Milliseconds that closing a session takes. */
  closeDelayMs: number;
  reply: FakeReply;
}

/** A transport without an upstream, which knows every session it ever opened. By default it opens a tool server at once. */
export class FakeTransport implements Transport {
  readonly behaviour: FakeBehaviour;
  /** Every session that was handed out, oldest first. */
  readonly sessions: FakeSession[] = [];
  readonly #clock: Clock;
  #attempts = 0;
  #opening = 0;
  #ended = 0;
  #closed = false;

  constructor(clock: Clock, behaviour: Partial<FakeBehaviour> = {}) {
    this.#clock = clock;
    this.behaviour = {
      peer: FAKE_PEER,
      openDelayMs: 0,
      openError: undefined,
      openHangs: false,
      openIgnoresAbort: false,
      closeDelayMs: 0,
      reply: serverWithTools("echo"),
      ...behaviour,
    };
  }

  /** How often `open` was called. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Openings under way. */
  get opening(): number {
    return this.#opening;
  }

  /** Sessions that were handed out and have neither crashed nor been closed: they must have an owner. */
  get live(): number {
    return this.sessions.length - this.#ended;
  }

  /** Whether the transport itself was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The session opened last. */
  get lastSession(): FakeSession | undefined {
    return this.sessions.at(-1);
  }

  async open(observer: SessionObserver, signal: CancelSignal): Promise<UpstreamSession> {
    this.#attempts += 1;
    this.#opening += 1;
    try {
      await this.#opened(signal);
      if (this.behaviour.openError !== undefined) throw this.behaviour.openError;
    } finally {
      this.#opening -= 1;
    }
    const session = new FakeSession({
      peer: this.behaviour.peer,
      observer,
      reply: (request) => this.behaviour.reply(request),
      closing: () => this.#sleep(this.behaviour.closeDelayMs),
      onEnd: () => {
        this.#ended += 1;
      },
    });
    this.sessions.push(session);
    return session;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Resolves when opening has taken its time, rejects when it was aborted before. */
  #opened(signal: CancelSignal): Promise<void> {
    const { openDelayMs, openHangs, openIgnoresAbort } = this.behaviour;
    if (openIgnoresAbort || (openDelayMs === 0 && !openHangs && !signal.aborted)) return this.#sleep(openDelayMs);
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => (): void => {
        cancel();
        signal.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = finish(() => reject(new StartError("aborted", "Opening the fake session was aborted")));
      const cancel = openHangs ? (): void => {} : this.#clock.schedule(openDelayMs, finish(resolve));
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  #sleep(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#clock.schedule(ms, resolve);
    });
  }
}
