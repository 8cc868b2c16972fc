import { poll } from "@mcp-hangar/testing";
import { afterEach, describe, expect, it } from "vitest";
import { StreamSyslogSink, type StreamSyslogSinkOptions } from "../../src/index.ts";
import { distinct, idIn, idsOf, sinkEntriesOf, systemClock } from "./entries.ts";
import { emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import { type OctetBehaviour, OctetReceiver } from "./octet-receiver.ts";

let receiver: OctetReceiver;
afterEach(() => receiver.close());

function sinkTo(changes: Partial<StreamSyslogSinkOptions> = {}): StreamSyslogSink {
  return new StreamSyslogSink({
    name: "siem",
    host: "127.0.0.1",
    port: receiver.port,
    settleMs: 50,
    stallTimeoutMs: 500,
    clock: systemClock,
    random: Math.random,
    ...changes,
  });
}

const ids = (): readonly string[] => receiver.messages.map(idIn);

describe("over TCP", () => {
  it("messages of any text arrive whole, in order and over one connection", async () => {
    receiver = await OctetReceiver.start();
    const sink = sinkTo({ messageBytesMax: 1_000_000 });
    const texts = ["short", "é😀 ".repeat(40_000), "", "7 forged", "x".repeat(200_000), "12 a\n34 b"];
    const entries = sinkEntriesOf(texts.length).map((entry, at) => ({
      ...entry,
      text: JSON.stringify([at, texts[at]]),
    }));
    const { signal } = new AbortController();
    expect(await sink.send(entries, signal)).toEqual({ kind: "delivered" });
    expect(await sink.send(entries.slice(0, 2), signal)).toEqual({ kind: "delivered" });
    expect(
      await sink.send(
        sinkEntriesOf(1).map((entry) => ({ ...entry, text: "" })),
        signal,
      ),
    ).toEqual({ kind: "delivered" });
    await poll("all messages", () => receiver.messages.length === 8);
    expect(receiver.messages.slice(0, 6)).toEqual(entries.map(({ text }) => text));
    expect([receiver.connections, receiver.violations]).toEqual([1, []]);
    await sink.close();
  });

  it("a message that no receiver takes by default is cut, and one can see that", async () => {
    receiver = await OctetReceiver.start();
    const sink = sinkTo();
    const head = "<134>1 2026-01-31T08:00:00.123Z host app 1 MH1000 - ";
    const [first, second] = sinkEntriesOf(2);
    if (first === undefined || second === undefined) throw new Error("there are two");
    const text = `${head}${"é".repeat(100_000)}`;
    expect(await sink.send([{ ...first, text }, second], new AbortController().signal)).toEqual({ kind: "delivered" });
    await poll("both messages", () => receiver.messages.length === 2);
    const [cut = ""] = receiver.messages;
    expect(Buffer.byteLength(cut)).toBeGreaterThan(65_530);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(65_536);
    expect([cut.slice(0, head.length), cut.slice(head.length)]).toEqual([head, expect.stringMatching(/^é+ \[cut\]$/)]);
    expect(receiver.messages[1]).toBe(second.text);
    expect(receiver.violations).toEqual([]);
    await sink.close();
  });

  it.each([479, Number.NaN])("messages of %d bytes are refused when it is configured", async (messageBytesMax) => {
    receiver = await OctetReceiver.start();
    expect(() => sinkTo({ messageBytesMax })).toThrow(/480 bytes or more/);
  });

  it("a receiver at an address of IPv6 gets the messages", async () => {
    receiver = await OctetReceiver.start({ host: "::1" });
    const sink = sinkTo({ host: "::1" });
    expect(await sink.send(sinkEntriesOf(20), new AbortController().signal)).toEqual({ kind: "delivered" });
    await poll("the messages", () => receiver.messages.length === 20);
    expect(ids()).toEqual(idsOf(20));
    await sink.close();
  });

  it("what a connection took with it that broke while nothing was sent is written again by itself", async () => {
    receiver = await OctetReceiver.start({ behaviour: { kind: "reset_unread", afterMs: 300 } });
    const sink = sinkTo();
    expect(await sink.send(sinkEntriesOf(20), new AbortController().signal)).toEqual({ kind: "delivered" });
    expect(sink.unconfirmedMessages).toBe(20);
    receiver.behave({ kind: "accept" });
    await poll("the messages", () => distinct(ids()).length === 20);
    expect(distinct(ids())).toEqual(idsOf(20));
    await sink.close();
  });

  it("what is written again comes before what is new", async () => {
    receiver = await OctetReceiver.start();
    const sink = sinkTo();
    const { signal } = new AbortController();
    await sink.send(sinkEntriesOf(5), signal);
    await poll("the messages", () => receiver.messages.length === 5);
    receiver.messages.length = 0;
    receiver.dropConnections();
    await poll("delivery", async () => {
      const { kind } = await sink.send(sinkEntriesOf(5, 5), signal);
      return kind === "delivered" && receiver.messages.length >= 10;
    });
    expect(distinct(ids())).toEqual(idsOf(10));
    await sink.close();
  });

  it("a receiver that accepts connections and closes them at once takes nothing", async () => {
    receiver = await OctetReceiver.start({ behaviour: { kind: "close" } });
    const sink = sinkTo();
    const exporter = exporterOver(sink);
    emit(exporter, 40);
    await poll("two failures", () => {
      expectExact(exporter);
      return failuresOf(exporter.snapshot()) >= 2;
    });
    expect(exporter.snapshot()).toMatchObject({ delivered: 0, queueSize: 40 });
    receiver.behave({ kind: "accept" });
    await poll("the messages", () => exporter.snapshot().queueSize === 0 && distinct(ids()).length === 40);
    expect(distinct(ids())).toEqual(eventIds(40));
    await exporter.close(5_000);
    expectExact(exporter);
  });

  it("an attempt that was given up goes on where it was, and nothing is written twice because of it", async () => {
    receiver = await OctetReceiver.start({ behaviour: { kind: "slow" } });
    const sink = sinkTo({ stallTimeoutMs: 30_000 });
    const entries = sinkEntriesOf(150).map((entry) => ({
      ...entry,
      text: JSON.stringify({ id: entry.record.id, pad: "x".repeat(40_000) }),
    }));
    let attempts = 0;
    await poll("delivery", async () => {
      attempts += 1;
      const controller = new AbortController();
      const cancel = systemClock.schedule(100, () => controller.abort());
      const { kind } = await sink.send(entries, controller.signal);
      cancel();
      return kind === "delivered";
    });
    expect(attempts).toBeGreaterThan(1);
    await poll("the messages", () => receiver.messages.length === 150);
    expect(ids()).toEqual(idsOf(150));
    await sink.close();
  });

  it("when a receiver closes in order, the last messages are written again and all others are not", async () => {
    receiver = await OctetReceiver.start();
    let nowMs = 0;
    const clock = { ...systemClock, nowMs: () => nowMs };
    const sink = sinkTo({ clock });
    const { signal } = new AbortController();
    await sink.send(sinkEntriesOf(10), signal);
    nowMs = 100_000;
    await sink.send(sinkEntriesOf(2, 10), signal);
    await poll("the messages", () => receiver.messages.length === 12);
    receiver.messages.length = 0;
    receiver.endConnections();
    await poll("the end", () => sink.unconfirmedMessages === 2);
    await poll("the messages", () => receiver.messages.length === 2);
    expect(ids()).toEqual(idsOf(2, 10));
    await sink.close();
  });

  it.each<readonly [name: string, behaviour: OctetBehaviour]>([
    ["reads nothing", { kind: "hang" }],
    ["resets in the middle of a message", { kind: "reset", afterBytes: 300_001 }],
    ["resets with messages in its buffers", { kind: "reset_unread", afterMs: 200 }],
  ])("a receiver that %s gets every message when it is well again", async (_name, behaviour) => {
    receiver = await OctetReceiver.start({ behaviour });
    const exporter = exporterOver(sinkTo({ stallTimeoutMs: 200 }));
    // More than the system buffers, so that a receiver that does not read is noticed.
    emit(exporter, 3_000, 1, () => "p".repeat(2_000));
    await poll("a failure", () => {
      expectExact(exporter);
      return failuresOf(exporter.snapshot()) >= 1;
    });
    receiver.behave({ kind: "accept" });
    await poll("the messages", () => {
      expectExact(exporter);
      return exporter.snapshot().queueSize === 0 && distinct(ids()).length === 3_000;
    });
    expect(distinct(ids()).toSorted(byNumber)).toEqual(eventIds(3_000));
    expect(receiver.violations).toEqual([]);
    await exporter.close(5_000);
    expect(exporter.snapshot()).toMatchObject({ delivered: 3_000, queueSize: 0 });
  });
});

function byNumber(one: string, other: string): number {
  return Number(one.slice(3)) - Number(other.slice(3));
}
