import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { answerOf } from "./receiver-rules.ts";
import type { Answer } from "./receivers/answer.ts";
import type { PagerDutyEvent } from "./receivers/pagerduty.ts";
import type { SlackMessage } from "./receivers/slack.ts";
import type { WebhookMessage } from "./receivers/webhook.ts";

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

/** The status of what is refused on purpose; nothing else here answers with it. */
export const REFUSED = 418;

/** One notification that Alertmanager sent, about one alert. */
export interface Notification {
  readonly receiver: Receiver;
  readonly alert: string;
  readonly status: "firing" | "resolved";
  /** The whole payload, as the receiver gets it. */
  readonly payload: unknown;
}

/** Stands for PagerDuty, Slack and the webhooks, each under a path of its own, refuses what they refuse and keeps the rest. */
export interface NotificationSink extends AsyncDisposable {
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly notifications: readonly Notification[];
  /** Payloads that were refused or not understood, each with the reason: there should be none. */
  readonly misunderstood: readonly string[];
  /** Refuses whatever comes for a receiver, with a status of which no receiver knows, until the result is disposed of. */
  refuse(receiver: Receiver): Disposable;
}

/** Listens on a free loopback port. */
export async function startNotificationSink(): Promise<NotificationSink> {
  const notifications: Notification[] = [];
  const misunderstood: string[] = [];
  const deaf = new Set<string>();
  const server = createServer((request, response) => {
    if (deaf.has(request.url ?? "")) {
      request.resume().once("end", () => response.writeHead(REFUSED).end());
      return;
    }
    void receive(request).then(({ found, refusal, status, body, contentType = "application/json" }) => {
      if (refusal !== undefined) misunderstood.push(refusal);
      notifications.push(...found);
      response.writeHead(status, { "content-type": contentType }).end(body);
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
    refuse(receiver) {
      deaf.add(`/${receiver}`);
      return { [Symbol.dispose]: () => void deaf.delete(`/${receiver}`) };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Received extends Answer {
  readonly found: readonly Notification[];
}

async function receive(request: IncomingMessage): Promise<Received> {
  const body = await text(request);
  const receiver = RECEIVERS.find((each) => request.url === `/${each}`);
  const refused = (why: string): string => `${request.url}: ${why}: ${body}`;
  try {
    const payload: unknown = JSON.parse(body);
    const answer = answerOf(receiver, body, payload);
    if (receiver === undefined || answer.refusal !== undefined)
      return { ...answer, found: [], refusal: refused(answer.refusal ?? "") };
    const told = PARSERS[receiver](payload as never);
    const found = told.map(([alert, status]) => ({ receiver, alert, status, payload }));
    return { ...answer, found, refusal: found.length === 0 ? refused("no alert is named") : undefined };
  } catch (error) {
    return { status: 400, body: "{}", found: [], refusal: refused(String(error)) };
  }
}

type Told = readonly (readonly [alert: string, status: Notification["status"]])[];

/** What each receiver's payload says. They throw when a field that a person needs is not there. */
const PARSERS: Readonly<Record<Receiver, (payload: never) => Told>> = {
  pagerduty: fromPagerDuty,
  slack: fromSlack,
  info: fromWebhook,
  heartbeat: fromWebhook,
  default: fromWebhook,
};

/** The page of an alert is named after it; an event about alerts of others leads to the list of pages. */
function fromPagerDuty({ event_action, payload }: PagerDutyEvent): Told {
  const [, page] = /\/(\w+)\.md$/.exec(payload.custom_details.runbook) ?? [];
  return page === undefined ? [] : [[page, event_action === "resolve" ? "resolved" : "firing"]];
}

function fromSlack({ attachments }: SlackMessage): Told {
  return attachments.flatMap(({ title = "" }) => {
    const [, status, alert] = /^\[(FIRING:\d+|RESOLVED)\] (.+)$/.exec(title) ?? [];
    return alert === undefined ? [] : [[alert, status === "RESOLVED" ? "resolved" : "firing"] as const];
  });
}

function fromWebhook({ alerts }: WebhookMessage): Told {
  return alerts.map(({ status, labels }) => [labels.alertname, status]);
}
