import type { ExpectedAlert, Fault } from "./fault.ts";
import type { Fleet } from "./fleet.ts";
import type { MonitoringStack } from "./monitoring-stack.ts";
import { type Receiver, receiverOf } from "./notification-sink.ts";
import type { QuietIncident } from "./quiet.ts";
import { evident, firing, inhibited, isOf, notified, past, resolved } from "./watch.ts";

/** Receivers that are told when an alert is over. */
const TELLS_RESOLVED: ReadonlySet<Receiver> = new Set(["pagerduty", "slack"]);

/**
 * Lets a fault happen, sees every alert of it fire and arrive where its severity belongs, in each of these stacks, repairs it, not before
 * `hold` is over, and sees every alert resolve. Returns the names of all alerts that fired meanwhile; throws if anything of
 * this does not happen.
 */
export async function prove<World>(
  fault: Fault<World>,
  world: World,
  stacks: readonly MonitoringStack[],
  hold?: Promise<void>,
): Promise<readonly string[]> {
  const witnesses = await Promise.all(stacks.map((stack) => Witness.of(fault, stack)));
  await using repair = new AsyncDisposableStack();
  repair.use(await fault.begin(world, stacks));
  await Promise.all(witnesses.map((witness) => witness.seesItBegin()));
  await hold;
  const during = await Promise.all(stacks.map(({ prometheus }) => prometheus.firing()));
  await repair.disposeAsync();
  await Promise.all(witnesses.map((witness) => witness.seesItEnd()));
  return [...new Set(during.flat().map(({ alertname = "" }) => alertname))];
}

/**
 * Lets something happen of which nobody must be told, waits until each of these stacks has seen it and it has left every window, and returns
 * the names of the alerts that have fired meanwhile and would reach a person.
 */
export async function proveSilence(
  { happen, evidence }: QuietIncident,
  fleet: Fleet,
  stacks: readonly MonitoringStack[],
): Promise<readonly string[]> {
  const began = performance.now();
  await happen(fleet);
  await Promise.all(stacks.map((stack) => evident(stack, evidence)));
  await Promise.all(stacks.map((stack) => past(stack, evidence)));
  const seconds = Math.ceil((performance.now() - began) / 1_000);
  const told = `count by (alertname) (count_over_time(ALERTS{alertstate="firing", severity=~"critical|warning"}[${seconds}s]))`;
  const found = await Promise.all(stacks.map(({ prometheus }) => prometheus.query(told)));
  return found.flat().map(({ metric }) => metric.alertname ?? "");
}

/** One stack that is to tell of one fault. */
class Witness {
  readonly #fault: Pick<Fault, "alerts" | "evidence">;
  readonly #stack: MonitoringStack;
  /** How many notifications had come before. */
  readonly #after: number;
  #receivers: readonly (Receiver | undefined)[] = [];

  private constructor(fault: Pick<Fault, "alerts" | "evidence">, stack: MonitoringStack) {
    this.#fault = fault;
    this.#stack = stack;
    this.#after = stack.sink.notifications.length;
  }

  /** Throws if an alert of the fault fires before it has begun. */
  static async of(fault: Pick<Fault, "name" | "alerts" | "evidence">, stack: MonitoringStack): Promise<Witness> {
    const before = await stack.prometheus.firing();
    const early = before.filter((labels) => fault.alerts.some((expected) => isOf(labels, expected)));
    if (early.length > 0) throw new Error(`before there was ${fault.name}, this fired: ${JSON.stringify(early)}`);
    return new Witness(fault, stack);
  }

  async seesItBegin(): Promise<void> {
    const { alerts, evidence } = this.#fault;
    this.#receivers = await Promise.all(alerts.map((expected) => told(expected, this.#stack, this.#after)));
    await evident(this.#stack, evidence);
  }

  async seesItEnd(): Promise<void> {
    await Promise.all(
      this.#fault.alerts.map(async (expected, index) => {
        await resolved(this.#stack, expected);
        const receiver = this.#receivers[index];
        if (receiver === undefined || !TELLS_RESOLVED.has(receiver)) return;
        await notified(this.#stack, expected, { receiver, status: "resolved", after: this.#after });
      }),
    );
  }
}

/** Waits until the alert fires and its receiver knows, or Alertmanager holds it back where it shall. */
async function told(expected: ExpectedAlert, stack: MonitoringStack, after: number): Promise<Receiver | undefined> {
  const { severity } = await firing(stack, expected);
  const receiver = receiverOf(severity);
  if (expected.inhibited) {
    await inhibited(stack, expected);
    return undefined;
  }
  await notified(stack, expected, { receiver, status: "firing", after });
  return receiver;
}
