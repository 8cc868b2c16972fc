import { describe, expect, test } from "vitest";
import type { Receiver } from "./notification-sink.ts";
import { answerOf } from "./receiver-rules.ts";

/** Parts of a payload that are others; `undefined` takes a part away. */
type Changes = Readonly<Record<string, unknown>>;

const details = {
  firing: "Calls to search are refused.",
  resolved: "none",
  runbook: "https://example.com/runbooks/A.md",
};
const body = {
  summary: "A breaker has tripped",
  severity: "critical",
  source: "Alertmanager",
  custom_details: details,
};
const event = { routing_key: "0".repeat(32), event_action: "trigger", dedup_key: "k", payload: body };
const attachment = {
  title: "[FIRING:1] A",
  title_link: "https://example.com/runbooks/A.md",
  text: "Calls are refused.",
  fallback: "A breaker has tripped",
};
const alert = {
  status: "firing",
  labels: { alertname: "A" },
  annotations: { summary: "A breaker has tripped" },
  startsAt: "2026-01-02T03:04:05.678Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "http://prometheus:9090/graph",
  fingerprint: "0123456789abcdef",
};
const told = {
  version: "4",
  groupKey: "{}:{}",
  status: "firing",
  receiver: "info",
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: "http://alertmanager:9093",
  alerts: [alert],
};

function refusal(receiver: Receiver, payload: Changes): string | undefined {
  return answerOf(receiver, JSON.stringify(payload), payload).refusal;
}

const ofPagerDuty = (changes: Changes): Changes => ({ ...event, ...changes });
const inPayload = (changes: Changes): Changes => ofPagerDuty({ payload: { ...body, ...changes } });
const inDetails = (changes: Changes): Changes => inPayload({ custom_details: { ...details, ...changes } });
const inAttachment = (changes: Changes): Changes => ({ attachments: [{ ...attachment, ...changes }] });
const inAlert = (changes: Changes): Changes => ({ ...told, alerts: [{ ...alert, ...changes }] });

describe("the stand-in of PagerDuty", () => {
  test.each([
    ["an event", event],
    ["the longest summary", inPayload({ summary: "🔥".repeat(1_024) })],
    ["an end", ofPagerDuty({ event_action: "resolve" })],
  ])("takes %s", (_what, payload) => {
    expect(answerOf("pagerduty", JSON.stringify(payload), payload)).toMatchObject({
      status: 202,
      refusal: undefined,
    });
  });

  test.each([
    ["a blank summary", inPayload({ summary: " \n" }), /summary' is missing or blank/],
    ["no summary", inPayload({ summary: undefined }), /payload\.summary/],
    ["a summary that is too long", inPayload({ summary: "x".repeat(1_025) }), /maximum is 1024/],
    ["what a template left over", inPayload({ summary: "<no value> fails" }), /left over/],
    ["a number that is none", inDetails({ firing: "NaN% of the calls fail." }), /left over/],
    ["a blank detail", inDetails({ resolved: "" }), /detail 'resolved' is missing or blank/],
    ["a runbook that is no address", inDetails({ runbook: "A.md" }), /is no URL/],
    ["a severity that is none", inPayload({ severity: "page" }), /severity/],
    ["no source", inPayload({ source: "" }), /source' is missing or blank/],
    ["a field of the payload that is none", inPayload({ sumary: "x" }), /sumary/],
    ["a field that is none", ofPagerDuty({ dedupe_key: "x" }), /dedupe_key/],
    ["a key that is too long", ofPagerDuty({ dedup_key: "x".repeat(256) }), /maximum is 255/],
    ["an end of nothing", ofPagerDuty({ event_action: "resolve", dedup_key: undefined }), /'dedup_key' is missing/],
    ["a key of another length", ofPagerDuty({ routing_key: "0".repeat(31) }), /routing_key/],
    ["an action that is none", ofPagerDuty({ event_action: "close" }), /event_action/],
    ["a link that leads nowhere", ofPagerDuty({ client_url: "/d/a" }), /is no URL/],
    ["an event that is too large", inDetails({ firing: "ü".repeat(256_000) }), /more than 512000 bytes/],
  ])("refuses %s", (_what, payload, why) => {
    expect(refusal("pagerduty", payload)).toMatch(why);
    expect(answerOf("pagerduty", JSON.stringify(payload), payload).status).toBe(400);
  });
});

describe("the stand-in of Slack", () => {
  test("takes a message", () => {
    expect(refusal("slack", inAttachment({}))).toBeUndefined();
    expect(refusal("slack", inAttachment({ text: "x".repeat(40_000), color: "danger" }))).toBeUndefined();
  });

  test.each([
    ["no attachments", { attachments: [] }, /no_text/],
    ["more than a hundred", { attachments: Array.from({ length: 101 }, () => attachment) }, /too_many_attachments/],
    ["a blank text", inAttachment({ text: "\n" }), /text is missing or blank/],
    ["a text that is too long", inAttachment({ text: "x".repeat(40_001) }), /msg_too_long/],
    ["a link that leads nowhere", inAttachment({ title_link: "runbook" }), /is no URL/],
    ["what a template left over", inAttachment({ fallback: "&lt;no value&gt;" }), /left over/],
    ["a colour that is none", inAttachment({ color: "reddish" }), /color/],
    ["a mention", inAttachment({ text: "<!channel> look" }), /mentioned/],
    ["a field that is none", inAttachment({ titel: "x" }), /titel/],
  ])("refuses %s", (_what, payload, why) => {
    expect(refusal("slack", payload)).toMatch(why);
  });
});

describe("the stand-in of a webhook", () => {
  test("takes a message of version 4", () => {
    expect(refusal("info", told)).toBeUndefined();
  });

  test.each([
    ["another version", { ...told, version: "5" }, /version/],
    ["no alerts", { ...told, alerts: [] }, /alerts/],
    ["an alert without a name", inAlert({ labels: {} }), /alertname/],
    ["a blank annotation", inAlert({ annotations: { summary: "" } }), /summary is missing or blank/],
    ["what a template left over", inAlert({ annotations: { summary: "%!q(<nil>) fails" } }), /left over/],
    ["a time that is none", inAlert({ startsAt: "yesterday" }), /startsAt/],
    ["a state that is none", inAlert({ status: "pending" }), /status/],
  ])("refuses %s", (_what, payload, why) => {
    expect(refusal("default", payload)).toMatch(why);
  });
});
