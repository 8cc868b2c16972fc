import type { Clock } from "../platform/platform.ts";
import { StartError, type UpstreamReply } from "../transports/session.ts";
import { type FakeReply, resultReply, serverWithTools } from "./fake-session.ts";
import { FakeTransport } from "./fake-transport.ts";
import type { SeededRandom } from "./seeded-random.ts";

const LOST: UpstreamReply = { kind: "failed", errorType: "connection", message: "lost", maybeExecuted: true };

/** An upstream for simulations: it goes wrong in every way a fake one can, and gets well again. Its one tool is `echo`. */
export class UnreliableUpstream {
  readonly transport: FakeTransport;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #disobedient: boolean;
  readonly #healthy = serverWithTools("echo");
  #onToolCall: FakeReply = this.#healthy;
  /** Lists and pings: what starts and health checks depend on. */
  #onOther: FakeReply = this.#healthy;

  /** A transport breaks its promise when it ignores the abort of a start; only a `disobedient` upstream ever does. */
  constructor(clock: Clock, random: SeededRandom, disobedient: boolean) {
    this.#disobedient = disobedient;
    this.#clock = clock;
    this.#random = random;
    this.transport = new FakeTransport(clock, {
      reply: (request) => (request.method === "tools/call" ? this.#onToolCall : this.#onOther)(request),
    });
  }

  /** Everything works and takes no time, from now on: what hangs already stays so until it is aborted. */
  heal(): void {
    this.#onToolCall = this.#healthy;
    this.#onOther = this.#healthy;
    Object.assign(this.transport.behaviour, {
      openDelayMs: 0,
      openError: undefined,
      openHangs: false,
      openIgnoresAbort: false,
      closeDelayMs: 0,
    });
  }

  /** Changes one thing, for the better about as often as for the worse. */
  change(): void {
    const random = this.#random;
    const { behaviour } = this.transport;
    switch (random.integer(0, 7)) {
      case 0:
        behaviour.openDelayMs = random.pick([0, 100, 2_000, 20_000]);
        break;
      case 1:
        behaviour.openError = random.pick([undefined, new StartError("refused", "connection refused")]);
        break;
      case 2:
        behaviour.openHangs = random.chance(0.3);
        behaviour.openIgnoresAbort = this.#disobedient && random.chance(0.3);
        break;
      case 3:
        behaviour.closeDelayMs = random.pick([0, 100, 5_000]);
        break;
      case 4:
        this.#onToolCall = this.#anyReply();
        break;
      case 5:
        this.#onOther = this.#anyReply();
        break;
      default:
        this.heal();
    }
  }

  /** The present behaviour in words, for the log of a simulation. */
  describe(): string {
    const replies = `tools/call ${String(this.#onToolCall)}, other ${String(this.#onOther)}`;
    return `${JSON.stringify(this.transport.behaviour)}, ${replies}`;
  }

  #anyReply(): FakeReply {
    return this.#random.pick<FakeReply>([
      this.#healthy,
      () => "hang",
      () => ({ kind: "error", error: { code: -32603, message: "broken" } }),
      () => resultReply({ isError: true, content: [] }),
      () => LOST,
      () => this.#late(3_000, LOST),
      () => this.#late(3_000, resultReply({ tools: [{ name: "echo" }] })),
      () => {
        this.transport.lastSession?.crash("crashed while it answered");
        return "hang";
      },
      (request) => {
        void this.#crashSoon();
        return this.#healthy(request);
      },
    ]);
  }

  /** Crashes a few promise callbacks from now: while the answer is on its way through the gateway. */
  async #crashSoon(): Promise<void> {
    const session = this.transport.lastSession;
    for (let callbacks = this.#random.integer(0, 12); callbacks > 0; callbacks--) await Promise.resolve();
    session?.crash("crashed just after it answered");
  }

  #late(ms: number, reply: UpstreamReply): Promise<UpstreamReply> {
    return new Promise((resolve) => void this.#clock.schedule(ms, () => resolve(reply)));
  }
}
