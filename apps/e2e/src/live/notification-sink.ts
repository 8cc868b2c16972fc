import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Receivers as Alertmanager's configuration names them. */
const RECEIVERS = ["pagerduty", "slack", "info", "heartbeat", "default"] as const;
export type Receiver = (typeof RECEIVERS)[number];

/** Where alerts of a severity have to arrive: said here once more, instead of read from what is tested. */
const RECEIVER_OF: Readonly<Record<string, Receiver>> = {
  critical: "pagerduty",
  warning: "slack",
  info: "info",
  none: "heartbeat",
};

/** The receiver that must get alerts of a severity. Throws for a severity that has none. */
export function receiverOf(severity: string | undefined): Receiver {
  const receiver = RECEIVER_OF[severity ?? ""];
  if (receiver === undefined) throw new Error(`no receiver is expected for the severity ${severity}`);
  return receiver;
}

/** One notification that Alertmanager sent, about one alert. */
export interface Notification {
  readonly receiver: Receiver;
  readonly alert: string;
  readonly status: "firing" | "resolved";
  /** The whole payload, as the receiver gets it. */
  readonly payload: unknown;
}

/** Stands for PagerDuty, Slack and the webhooks, each under a path of its own, and keeps what they get. */
export interface NotificationSink extends AsyncDisposable {
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly notifications: readonly Notification[];
  /** Payloads that were not understood: there should be none. */
  readonly misunderstood: readonly string[];
}

/** Listens on a free loopback port. */
export async function startNotificationSink(): Promise<NotificationSink> {
  const notifications: Notification[] = [];
  const misunderstood: string[] = [];
  const server = createServer((request, response) => {
    void receive(request).then((received) => {
      if (typeof received === "string") misunderstood.push(received);
      else notifications.push(...received);
      // PagerDuty answers 202 with a status, Slack 200 with `ok`; Alertmanager looks at the status code only.
      response.writeHead(request.url === "/pagerduty" ? 202 : 200, { "content-type": "application/json" });
      response.end('{"status":"success"}');
    });
  }).listen(0, "127.0.0.1");
  // A connection that is closed for being idle may just then be used again, and Alertmanager warns of that.
  server.keepAliveTimeout = 0;
  await new Promise((resolve) => server.once("listening", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    notifications,
    misunderstood,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function receive(request: IncomingMessage): Promise<readonly Notification[] | string> {
  const body = await text(request);
  const receiver = RECEIVERS.find((each) => request.url === `/${each}`);
  try {
    const payload: unknown = JSON.parse(body);
    const found = receiver === undefined ? [] : PARSERS[receiver](payload as never);
    if (receiver === undefined || found.length === 0) return `${request.url}: ${body}`;
    return found.map(([alert, status]) => ({ receiver, alert, status, payload }));
  } catch (error) {
    return `${request.url}: ${String(error)}: ${body}`;
  }
}

type Told = readonly (readonly [alert: string, status: Notification["status"]])[];

interface PagerDutyEvent {
  readonly event_action: string;
  readonly payload: { readonly custom_details: { readonly runbook: string } };
}

interface SlackMessage {
  readonly attachments: readonly { readonly title: string }[];
}

interface WebhookMessage {
  readonly alerts: readonly {
    readonly status: Notification["status"];
    readonly labels: { readonly alertname: string };
  }[];
}

/** What each receiver's payload says. They throw when a field that a person needs is not there. */
const PARSERS: Readonly<Record<Receiver, (payload: never) => Told>> = {
  pagerduty: fromPagerDuty,
  slack: fromSlack,
  info: fromWebhook,
  heartbeat: fromWebhook,
  default: fromWebhook,
};

/** The page of an alert is named after it, and one event is about one name, for notifications are grouped by it. */
function fromPagerDuty({ event_action, payload }: PagerDutyEvent): Told {
  const [, alert] = /\/(\w+)\.md$/.exec(payload.custom_details.runbook) ?? [];
  return alert === undefined ? [] : [[alert, event_action === "resolve" ? "resolved" : "firing"]];
}

function fromSlack({ attachments }: SlackMessage): Told {
  return attachments.flatMap(({ title }) => {
    const [, status, alert] = /^\[(FIRING|RESOLVED)\] (\w+)$/.exec(title) ?? [];
    return alert === undefined ? [] : [[alert, status === "RESOLVED" ? "resolved" : "firing"] as const];
  });
}

function fromWebhook({ alerts }: WebhookMessage): Told {
  return alerts.map(({ status, labels }) => [labels.alertname, status]);
}
