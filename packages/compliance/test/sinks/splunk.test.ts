import { poll } from "@mcp-hangar/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SplunkSink, type SplunkSinkOptions } from "../../src/index.ts";
import { distinct, idIn, idsOf, sinkEntriesOf, systemClock } from "./entries.ts";
import { emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import { CHANNEL, SplunkReceiver, TOKEN } from "./splunk-receiver.ts";

const { signal } = new AbortController();
let splunk: SplunkReceiver;
beforeEach(async () => {
  splunk = await SplunkReceiver.start();
});
afterEach(() => splunk.http.close());

function sinkOf(changes: Partial<SplunkSinkOptions> = {}): SplunkSink {
  return new SplunkSink({
    name: "splunk",
    url: splunk.http.url,
    token: TOKEN,
    channel: CHANNEL,
    acknowledgement: true,
    clock: systemClock,
    ...changes,
  });
}

const requestsTo = (path: string): number =>
  splunk.http.requests.filter((request) => request.path === `/services/collector/${path}`).length;

test.each([false, true])("a batch is delivered when it is indexed, and not before (gzip: %s)", async (compress) => {
  splunk.questions = 3;
  const sink = sinkOf({ compress });
  expect(await sink.send(sinkEntriesOf(3), signal)).toEqual({ kind: "delivered" });
  expect(splunk.indexed.map(idIn)).toEqual(idsOf(3));
  expect([requestsTo("event"), requestsTo("ack")]).toEqual([1, 3]);
  await sink.close();
});

test("without acknowledgement a batch is delivered when it is taken", async () => {
  splunk.acknowledges = false;
  const sink = sinkOf({ acknowledgement: false });
  expect(sink.acknowledged).toBe(false);
  expect(await sink.send(sinkEntriesOf(3), signal)).toEqual({ kind: "delivered" });
  expect([requestsTo("event"), requestsTo("ack")]).toEqual([1, 0]);
  await sink.close();
});

test("a slow index makes attempts end, and nothing is sent twice because of it", async () => {
  splunk.questions = 6;
  const exporter = exporterOver(sinkOf(), { attemptTimeoutMs: 250 });
  emit(exporter, 20);
  await poll("the events", () => {
    expectExact(exporter);
    return exporter.snapshot().queueSize === 0;
  });
  expect(exporter.snapshot().failures.timeout).toBeGreaterThan(0);
  expect(splunk.indexed.map(idIn)).toEqual(eventIds(20));
  expect(requestsTo("event")).toBe(1);
  await exporter.close(5_000);
});

test("what a crash of the index has taken is sent again", async () => {
  splunk.questions = 1_000_000;
  const exporter = exporterOver(sinkOf({ acknowledgementTimeoutMs: 300 }));
  emit(exporter, 20);
  await poll("a question", () => requestsTo("ack") > 0);
  splunk.crash();
  splunk.questions = 1;
  await poll("the events", () => exporter.snapshot().queueSize === 0);
  expect(splunk.indexed.map(idIn)).toEqual(eventIds(20));
  expect(requestsTo("event")).toBe(2);
  await exporter.close(5_000);
  expectExact(exporter);
});

test("a token without acknowledgement delivers nothing, and one is told what to do", async () => {
  splunk.acknowledges = false;
  const sink = sinkOf();
  expect(await sink.send(sinkEntriesOf(1), signal)).toMatchObject({
    kind: "retry",
    message: expect.stringContaining("enable indexer acknowledgement"),
  });
  await sink.close();
});

test("an event that cannot be read takes no others with it", async () => {
  const exporter = exporterOver(sinkOf());
  emit(exporter, 10, 1, (number) => (number === 4 ? "poison" : "good"));
  await poll("the events", () => exporter.snapshot().queueSize === 0);
  expect(splunk.indexed.map(idIn)).toEqual(eventIds(10).filter((id) => id !== "r-e4"));
  expect(exporter.snapshot()).toMatchObject({ delivered: 9, dropped: { rejected: 1 } });
  await exporter.close(5_000);
  expectExact(exporter);
});

test.each([
  [{ token: "wrong" }, /403.*Invalid token/],
  [{ channel: "wrong" }, /400.*Data channel is missing/],
])("with %j everything waits until it is mended, and the token is not said", async (changes, message) => {
  const problems: (string | undefined)[] = [];
  const exporter = exporterOver(sinkOf(changes), { onProblem: (problem) => problems.push(problem) });
  emit(exporter, 10);
  await poll("two failures", () => failuresOf(exporter.snapshot()) >= 2);
  expect(exporter.snapshot()).toMatchObject({ delivered: 0, queueSize: 10 });
  expect(problems).toEqual([expect.stringMatching(message)]);
  expect(problems.join()).not.toContain(TOKEN);
  await exporter.close(50);
  expectExact(exporter);
});

test("an answer that is lost makes a batch come twice, and not less", async () => {
  splunk.http.fail({ kind: "reset_after" }, 2);
  const exporter = exporterOver(sinkOf());
  emit(exporter, 30);
  await poll("the events", () => exporter.snapshot().queueSize === 0);
  expect(distinct(splunk.indexed.map(idIn))).toEqual(eventIds(30));
  await exporter.close(5_000);
  expectExact(exporter);
});
