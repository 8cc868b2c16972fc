import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Alerting, startAlerting } from "../../src/live/alerting.ts";
import type { PostedAlert } from "../../src/live/alertmanager-process.ts";
import { productOptions } from "../../src/live/live-options.ts";
import type { Notification, NotificationSink } from "../../src/live/notification-sink.ts";
import type { PagerDutyEvent } from "../../src/live/receivers/pagerduty.ts";
import type { SlackMessage } from "../../src/live/receivers/slack.ts";
import { newest } from "../../src/live/releases.ts";

/** Long against the second or two that a notification takes, for a busy machine. */
const DEADLINE_MS = 60_000;
const LIST_OF_PAGES = /\/docs\/runbooks\/README\.md$/;
const ALL_ALERTS = /\/d\/mcp-hangar-alerts$/;

/** Both ends of what is supported; the oldest is what the machine has. */
const RELEASES = [
  { tag: "prometheus-alertmanager", release: undefined },
  { tag: "newest-alertmanager", release: newest },
] as const;

for (const { tag, release } of RELEASES) {
  describe.concurrent(`what arrives at receivers from ${tag}`, { tags: [tag] }, () => {
    let alerting: Alerting;

    beforeAll(async () => {
      alerting = await startAlerting({
        targets: [],
        release,
        // A group waits for its alerts: they are told in one request, and taken in one by one.
        options: (endpoints) => ({
          ...productOptions(endpoints),
          notifications: { groupWait: "1s", groupInterval: "1s", repeatInterval: "1h" },
        }),
      });
    });

    afterAll(async () => {
      expect(alerting.sink.misunderstood).toEqual([]);
      expect(alerting.alertmanager.complaints()).toEqual([]);
      await alerting[Symbol.asyncDispose]();
    });

    describe.each([1, 2, 4, 50])("of a group of %i", (size) => {
      test("PagerDuty gets an event it accepts, that says how many and which, and how to go on", async () => {
        const alerts = group(`MCPHangarPage${size}`, "critical", size);
        await alerting.alertmanager.post(alerts);
        const { payload, ...event } = await arrived<PagerDutyEvent>(alerting.sink, "pagerduty", alerts, "firing");
        expect(payload.summary).toBe(summaryOf(size));
        expect(payload.custom_details.firing).toContain("Calls to server-001 are refused. http://");
        expect(payload.custom_details.firing.match(/are refused/g)).toHaveLength(Math.min(size, 20));
        expect(payload.custom_details).toMatchObject({ resolved: "none", runbook: alerts[0]?.annotations.runbook_url });
        expect(event.client_url).toMatch(size === 1 ? /server-001$/ : ALL_ALERTS);

        await alerting.alertmanager.post(ended(alerts));
        const resolved = await arrived<PagerDutyEvent>(alerting.sink, "pagerduty", alerts, "resolved");
        // A flush between two of the alerts may have told that the first are over.
        expect(resolved.payload.summary).toMatch(/The circuit breaker of server-\d{3} has tripped/);
        expect(resolved.payload.custom_details.firing).toBe("none");
        expect(resolved.dedup_key).toBe(event.dedup_key);
      });

      test("Slack gets a message it accepts, with a description and a dashboard for each of the first", async () => {
        const alerts = group(`MCPHangarMessage${size}`, "warning", size);
        await alerting.alertmanager.post(alerts);
        const message = await attachment(alerting.sink, alerts, "firing");
        expect(message.title).toBe(`[FIRING:${size}] MCPHangarMessage${size}`);
        expect(message.fallback).toBe(`[FIRING:${size}] ${summaryOf(size)}`);
        expect(message.title_link).toBe(alerts[0]?.annotations.runbook_url);
        const links = [...(message.text ?? "").matchAll(/<(http:[^|]+)\|Dashboard>/g)].map(([, url]) => url);
        expect(links).toEqual(alerts.slice(0, 20).map(({ annotations }) => annotations.dashboard_url));
        if (size > 20) expect(message.text).toContain(`These are the first 20 of ${size}.`);

        await alerting.alertmanager.post(ended(alerts));
        const resolved = await attachment(alerting.sink, alerts, "resolved");
        expect(resolved.title).toBe(`[RESOLVED] MCPHangarMessage${size}`);
        expect(resolved.text).toMatch(/Calls to server-\d{3} are refused\./);
      });
    });

    test("of a group in which some are over, the page names what still fires", async () => {
      const [first, ...others] = group("MCPHangarHalf", "critical", 5);
      const alerts = [first as PostedAlert, ...others];
      await alerting.alertmanager.post(alerts);
      await arrived(alerting.sink, "pagerduty", alerts, "firing");
      await alerting.alertmanager.post(ended(others));
      const event = await poll(
        "the event about what is left",
        () =>
          events(alerting.sink, alerts).find(
            ({ payload }) => payload.summary === "The circuit breaker of server-001 has tripped",
          ),
        DEADLINE_MS,
      );
      expect(event.event_action).toBe("trigger");
      expect(event.payload.custom_details.resolved).toMatch(/Calls to server-00[2-5] are refused\./);
    });

    /** What rules of others may send, whom the routes take by their severity: they page as well. */
    const FOREIGN: readonly (readonly [
      what: string,
      annotations: Readonly<Record<string, string>>,
      summary: RegExp,
    ])[] = [
      ["no annotations at all", {}, /^Foreign\d+Page$/],
      ["a blank summary", { summary: " \n\t " }, /^Foreign\d+Page$/],
      ["a summary of five thousand characters", { summary: "🔥".repeat(5_000) }, /^(🔥){300}$/u],
      ["a summary in the language of templates", { summary: '{{ template "x" }}' }, /^\{\{ template "x" \}\}$/],
      ["texts that are YAML", { summary: "lost: 1", description: "lost: 1\nwhere: here" }, /^lost: 1$/],
      ["mentions and markup", { summary: "<!channel> & <@U1>", description: "<!here>" }, /^<!channel> & <@U1>$/],
    ];

    test.each(FOREIGN.map((each, index) => [index, ...each] as const))(
      "(%i) of alerts with %s there is a page and a message",
      async (index, _what, annotations, summary) => {
        const both = (alertname: string, severity: string): readonly PostedAlert[] =>
          ["a", "b"].map((instance) => ({ labels: { alertname, severity, instance }, annotations }));
        const pages = both(`Foreign${index}Page`, "critical");
        const messages = both(`Foreign${index}Message`, "warning");
        // One alone, then both.
        await alerting.alertmanager.post([...pages.slice(0, 1), ...messages]);
        const alone = await arrivedBare(alerting.sink, "pagerduty", summary);
        expect(alone.client_url).toMatch(ALL_ALERTS);
        expect(alone.payload.custom_details.runbook).toMatch(LIST_OF_PAGES);
        await alerting.alertmanager.post(pages);
        await arrivedBare(alerting.sink, "pagerduty", new RegExp(`^2 alerts: ${summary.source.slice(1, -1)}; `, "u"));
        const [message] = (await arrivedAs<SlackMessage>(alerting.sink, "slack", `Foreign${index}Message`, "firing"))
          .attachments;
        expect(message?.title).toBe(`[FIRING:2] Foreign${index}Message`);
        expect(message?.title_link).toMatch(LIST_OF_PAGES);
      },
    );
  });
}

/** Alerts of one name, about different servers: each has a summary, a description and a dashboard of its own. */
function group(alertname: string, severity: string, size: number): readonly PostedAlert[] {
  return Array.from({ length: size }, (_, index) => {
    const server = `server-${String(index + 1).padStart(3, "0")}`;
    return {
      labels: { alertname, severity, job: "mcp-hangar", mcp_server: server },
      annotations: {
        summary: `The circuit breaker of ${server} has tripped`,
        description: `Calls to ${server} are refused.`,
        runbook_url: `https://example.com/runbooks/${alertname}.md`,
        dashboard_url: `http://localhost:3000/d/mcp-hangar-mcp-server-details?var-mcp_server=${server}`,
      },
    };
  });
}

function ended(alerts: readonly PostedAlert[]): readonly PostedAlert[] {
  return alerts.map((alert) => ({ ...alert, endsAt: new Date().toISOString() }));
}

function summaryOf(size: number): string {
  const named = Array.from(
    { length: Math.min(size, 3) },
    (_, index) => `The circuit breaker of server-00${index + 1} has tripped`,
  );
  const count = size === 1 ? "" : size > 3 ? `${size} alerts, among them: ` : `${size} alerts: `;
  return `${count}${named.join("; ")}`;
}

function nameOf(alerts: readonly PostedAlert[]): string {
  return alerts[0]?.labels.alertname ?? "";
}

function events(sink: NotificationSink, alerts: readonly PostedAlert[]): readonly PagerDutyEvent[] {
  return sink.notifications
    .filter(({ receiver, alert }) => receiver === "pagerduty" && alert === nameOf(alerts))
    .map(({ payload }) => payload as PagerDutyEvent);
}

async function attachment(sink: NotificationSink, alerts: readonly PostedAlert[], status: Notification["status"]) {
  const {
    attachments: [only, ...more],
  } = await arrived<SlackMessage>(sink, "slack", alerts, status);
  expect(more).toEqual([]);
  return only ?? {};
}

async function arrived<Payload>(
  sink: NotificationSink,
  receiver: Notification["receiver"],
  alerts: readonly PostedAlert[],
  status: Notification["status"],
): Promise<Payload> {
  return await arrivedAs<Payload>(sink, receiver, nameOf(alerts), status);
}

/** The payload as the receiver accepted it. */
async function arrivedAs<Payload>(
  sink: NotificationSink,
  receiver: Notification["receiver"],
  name: string,
  status: Notification["status"],
): Promise<Payload> {
  const look = (): Notification | undefined =>
    sink.notifications.find((each) => each.receiver === receiver && each.alert === name && each.status === status);
  const found = await poll(`${receiver} to be told that ${name} is ${status}`, look, DEADLINE_MS);
  return found.payload as Payload;
}

/** Alerts of others have no page that would name them. */
async function arrivedBare(sink: NotificationSink, receiver: "pagerduty", summary: RegExp): Promise<PagerDutyEvent> {
  const look = (): PagerDutyEvent | undefined =>
    sink.notifications
      .filter((each) => each.receiver === receiver)
      .map(({ payload }) => payload as PagerDutyEvent)
      .find(({ payload }) => summary.test(payload.summary));
  return await poll(`a page like ${summary}`, look, DEADLINE_MS);
}
