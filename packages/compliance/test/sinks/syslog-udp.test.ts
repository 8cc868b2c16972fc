import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { poll } from "@mcp-hangar/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UdpSyslogSink } from "../../src/index.ts";
import { idIn, sinkEntriesOf, systemClock } from "./entries.ts";
import { emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";

let socket: Socket;
let messages: string[];

async function listen(port = 0, address = "127.0.0.1"): Promise<number> {
  socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", recvBufferSize: 1_000_000 });
  socket.on("message", (message) => messages.push(message.toString()));
  socket.bind(port, address);
  await once(socket, "listening");
  return socket.address().port;
}

beforeEach(() => {
  messages = [];
});
afterEach(() => {
  socket.close();
});

function sinkTo(port: number, datagramBytesMax?: number): UdpSyslogSink {
  const limit = datagramBytesMax === undefined ? {} : { datagramBytesMax };
  return new UdpSyslogSink({ name: "siem", host: "localhost", port, clock: systemClock, ...limit });
}

test("each record is a datagram", async () => {
  const exporter = exporterOver(sinkTo(await listen()));
  emit(exporter, 120);
  await poll("the messages", () => messages.length === 120);
  expect(messages.map(idIn)).toEqual(eventIds(120));
  await exporter.close(5_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: 120, queueSize: 0 });
});

test("a receiver at an address of IPv6 gets them, and is noticed when it is not there", async () => {
  const port = await listen(0, "::1");
  const sink = new UdpSyslogSink({ name: "siem", host: "::1", port, clock: systemClock });
  const { signal } = new AbortController();
  expect(await sink.send(sinkEntriesOf(20), signal)).toEqual({ kind: "delivered" });
  await poll("the messages", () => messages.length === 20);
  socket.close();
  await once(socket, "close");
  const answer = {
    kind: "retry",
    reason: "connection",
    message: expect.stringMatching(/^syslog at ::1:\d+ over UDP: .*ECONNREFUSED/),
  };
  expect(await sink.send(sinkEntriesOf(5), signal)).toMatchObject(answer);
  await listen(port, "::1");
  expect(await sink.send(sinkEntriesOf(5, 20), signal)).toEqual({ kind: "delivered" });
  await poll("the other messages", () => messages.length === 25);
  await sink.close();
});

test("a message that is too long is cut, and one can see that", async () => {
  const sink = sinkTo(await listen(), 480);
  const [entry] = sinkEntriesOf(1);
  if (entry === undefined) throw new Error("there is one");
  const text = `<134>1 2026-01-31T08:00:00.123Z host app 1 MH1000 - ${"é".repeat(1_000)}`;
  expect(await sink.send([{ ...entry, text }], new AbortController().signal)).toEqual({ kind: "delivered" });
  await poll("the message", () => messages.length === 1);
  expect(Buffer.byteLength(messages[0] ?? "")).toBeLessThanOrEqual(480);
  expect(messages[0]).toMatch(/^<134>1 .* - é+ \[cut\]$/);
  await sink.close();
});

test("a receiver that is not there is noticed as far as the system tells of it, and nothing is lost then", async () => {
  const port = await listen();
  socket.close();
  const exporter = exporterOver(sinkTo(port));
  emit(exporter, 60);
  await poll("a failure", () => {
    expectExact(exporter);
    return failuresOf(exporter.snapshot()) > 1;
  });
  expect(exporter.snapshot().delivered).toBe(0);
  await listen(port);
  await poll("the messages", () => new Set(messages.map(idIn)).size === 60);
  await exporter.close(5_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: 60, queueSize: 0 });
});

test("a name that does not exist is a failure, and everything waits", async () => {
  await listen();
  const sink = new UdpSyslogSink({ name: "siem", host: "no-such-host.invalid", port: 514, clock: systemClock });
  const outcome = await sink.send(sinkEntriesOf(1), new AbortController().signal);
  expect(outcome).toMatchObject({
    kind: "retry",
    reason: "connection",
    message: expect.stringMatching(/no-such-host\.invalid:514 over UDP: .*(ENOTFOUND|EAI_AGAIN)/),
  });
  await sink.close();
});

test.each([100, 65_508, Number.NaN])("datagrams of %d bytes are refused when it is configured", async (bytes) => {
  await listen();
  expect(() => sinkTo(514, bytes)).toThrow(/from 480 to 65507 bytes/);
});
