import type { ExpectedAlert, Fault } from "./fault.ts";
import type { MonitoringStack } from "./monitoring-stack.ts";
import { type Receiver, receiverOf } from "./notification-sink.ts";
import { evident, firing, inhibited, isOf, notified, resolved } from "./watch.ts";

/** Receivers that are told when an alert is over. */
const TELLS_RESOLVED: ReadonlySet<Receiver> = new Set(["pagerduty", "slack"]);

/**
 * Lets a fault happen, sees every alert of it fire and arrive where its severity belongs, repairs it, not before `hold`
 * is over, and sees every alert resolve. Returns the names of all alerts that fired meanwhile; throws if anything of
 * this does not happen.
 */
export async function prove<World>(
  fault: Fault<World>,
  world: World,
  stack: MonitoringStack,
  hold?: Promise<void>,
): Promise<readonly string[]> {
  const before = await stack.prometheus.firing();
  const early = before.filter((labels) => fault.alerts.some((expected) => isOf(labels, expected)));
  if (early.length > 0) throw new Error(`before there was ${fault.name}, this fired: ${JSON.stringify(early)}`);
  const after = stack.sink.notifications.length;
  await using repair = new AsyncDisposableStack();
  repair.use(await fault.begin(world, stack));
  const receivers = await Promise.all(fault.alerts.map((expected) => told(expected, stack, after)));
  await evident(stack, fault.evidence);
  await hold;
  const during = await stack.prometheus.firing();
  await repair.disposeAsync();
  await Promise.all(
    fault.alerts.map(async (expected, index) => {
      await resolved(stack, expected);
      const receiver = receivers[index];
      if (receiver === undefined || !TELLS_RESOLVED.has(receiver)) return;
      await notified(stack, expected, { receiver, status: "resolved", after });
    }),
  );
  return during.map(({ alertname = "" }) => alertname);
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
