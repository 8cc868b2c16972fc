import { poll } from "@mcp-hangar/testing";
import type { ExpectedAlert } from "./fault.ts";
import type { MonitoringStack } from "./monitoring-stack.ts";
import type { Receiver } from "./notification-sink.ts";
import type { Labels } from "./prometheus-process.ts";

/** Far more than the half a minute that an alert takes here at most, for a busy machine. */
const DEADLINE_MS = 120_000;
/** Many wait at the same time, and rules are evaluated once a second. */
const PAUSE_MS = 300;

const PREFIX = "MCPHangar";

/** The public name of an alert. */
export function alertName(alert: string): string {
  return `${PREFIX}${alert}`;
}

/** Waits until the alert fires, and returns all its labels. */
export async function firing(stack: MonitoringStack, expected: ExpectedAlert): Promise<Labels> {
  const look = async (): Promise<Labels | undefined> =>
    (await stack.prometheus.firing()).find((labels) => isOf(labels, expected));
  return await poll(`${describe(expected)} to fire`, look, DEADLINE_MS, PAUSE_MS);
}

/** Waits until the alert does not fire. */
export async function resolved(stack: MonitoringStack, expected: ExpectedAlert): Promise<void> {
  const look = async (): Promise<boolean> =>
    !(await stack.prometheus.firing()).some((labels) => isOf(labels, expected));
  await poll(`${describe(expected)} to resolve`, look, DEADLINE_MS, PAUSE_MS);
}

/** Waits until a receiver has been told of the alert, in a notification that is not one of the first `after`. */
export async function notified(
  { sink }: MonitoringStack,
  { alert }: ExpectedAlert,
  told: { readonly receiver: Receiver; readonly status: "firing" | "resolved"; readonly after: number },
): Promise<void> {
  const name = alertName(alert);
  const look = (): boolean =>
    sink.notifications
      .slice(told.after)
      .some((each) => each.alert === name && each.receiver === told.receiver && each.status === told.status);
  await poll(`${told.receiver} to be told that ${name} is ${told.status}`, look, DEADLINE_MS, PAUSE_MS);
}

/** Waits until Alertmanager holds the alert back because of a graver one. */
export async function inhibited({ alertmanager }: MonitoringStack, expected: ExpectedAlert): Promise<void> {
  const look = async (): Promise<boolean> =>
    (await alertmanager.alerts()).some(
      ({ labels, status }) => isOf(labels, expected) && status.state === "suppressed" && status.inhibitedBy.length > 0,
    );
  await poll(`${describe(expected)} to be inhibited`, look, DEADLINE_MS, PAUSE_MS);
}

/** Waits until a query has an answer; there is nothing to wait for without one. */
export async function evident({ prometheus }: MonitoringStack, query: string | undefined): Promise<void> {
  if (query === undefined) return;
  await poll(`an answer to ${query}`, async () => (await prometheus.query(query)).length > 0, DEADLINE_MS, PAUSE_MS);
}

/** Waits until a query that had an answer has none any more. */
export async function past({ prometheus }: MonitoringStack, query: string): Promise<void> {
  await poll(`no answer to ${query}`, async () => (await prometheus.query(query)).length === 0, DEADLINE_MS, PAUSE_MS);
}

/** Whether the labels are those of the alert, and perhaps more. */
export function isOf(labels: Labels, { alert, labels: expected }: ExpectedAlert): boolean {
  const wanted = Object.entries({ ...expected, alertname: alertName(alert) });
  return wanted.every(([label, value]) => labels[label] === value);
}

function describe({ alert, labels }: ExpectedAlert): string {
  return `${alertName(alert)}${JSON.stringify(labels)}`;
}
