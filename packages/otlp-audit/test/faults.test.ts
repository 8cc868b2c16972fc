import { createServer } from "node:http";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import type { Clock } from "@mcp-hangar/delivery";
import { FakeClock } from "@mcp-hangar/delivery/testing";
import type { OTLPAuditExporter, OTLPAuditExporterOptions } from "@mcp-hangar/otlp-audit";
import type { ExporterSnapshot, HangarEvent } from "@mcp-hangar/telemetry";
import { poll } from "@mcp-hangar/testing";
import { type OtlpBehaviour, OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { describe, expect, it } from "vitest";
import { auditExporter } from "./exporter-under-test.ts";
import { withCollector } from "./with-collector.ts";

const around = withCollector();

/** For which the first record of a batch waits for others, in ms. */
const BATCH_DELAY_MS = 1_000;

/** No answer comes too late for it on a busy machine, so that nothing is sent again. */
const PATIENT_MS = 60_000;

const PROTOCOLS = ["HTTP", "gRPC"] as const;
type Protocol = (typeof PROTOCOLS)[number];

function exporterOver(
  protocol: Protocol,
  changes: Partial<OTLPAuditExporterOptions> = {},
  timeoutMs = 500,
): OTLPAuditExporter {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "HTTP" ? around.receiver.httpUrl : around.receiver.grpcUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol === "HTTP" ? "http/protobuf" : "grpc",
    OTEL_EXPORTER_OTLP_TIMEOUT: String(timeoutMs),
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
  };
  const spool = { folder: join(around.folder, "spool"), bytesMax: 10_000_000, whenFull: "drop_oldest" } as const;
  return auditExporter(env, { spool, random: () => 0, ...changes });
}

/** An exporter over the same spool, as soon as the one before has let go of it: on a busy disk a moment after its deadline. */
function openedAgain(protocol: Protocol): Promise<OTLPAuditExporter> {
  return poll("a spool that is free", async () => {
    const exporter = exporterOver(protocol);
    await exporter.open();
    return exporter;
  });
}

/** Distinguishable events that have a record each. */
function events(count: number, from = 0): readonly HangarEvent[] {
  return Array.from({ length: count }, (_each, index) => ({
    type: "gateway.started",
    timeMs: 1_769_846_400_000 + index,
    version: `event ${from + index}`,
  }));
}

const namesOf = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_each, index) => `event ${from + index}`);

const droppedOf = ({ dropped }: ExporterSnapshot): number =>
  Object.values(dropped).reduce((sum, count) => sum + count, 0);

function expectExact(exporter: OTLPAuditExporter): void {
  const snapshot = exporter.snapshot();
  expect(snapshot.delivered + droppedOf(snapshot) + snapshot.queueSize).toBe(exporter.accepted);
}

const FAULTS: readonly (readonly [name: string, behaviour: OtlpBehaviour, failure: string])[] = [
  ["answers 503", refuse(503, grpc.status.UNAVAILABLE), "rejected connection"],
  ["answers 500", refuse(500, grpc.status.INTERNAL), "rejected"],
  ["answers 401", refuse(401, grpc.status.UNAUTHENTICATED), "rejected"],
  ["hangs", { kind: "hang" }, "timeout"],
  ["resets the connection", { kind: "reset" }, "connection"],
];

function refuse(httpStatus: number, grpcCode: grpc.status): OtlpBehaviour {
  return { kind: "refuse", httpStatus, grpcCode };
}

describe.each(PROTOCOLS)("over %s", (protocol) => {
  it.each(FAULTS)(
    "a collector that %s gets every record later, once and in order",
    async (_name, behaviour, failure) => {
      around.receiver.behave(behaviour, 2);
      const exporter = exporterOver(protocol);
      await exporter.open();
      for (const event of events(700)) exporter.listener(event);
      await poll("two failures", () => {
        expectExact(exporter);
        return Object.values(exporter.snapshot().failures).reduce((sum, count) => sum + count, 0) >= 2;
      });
      await poll("all records", () => {
        expectExact(exporter);
        return exporter.snapshot().queueSize === 0;
      });
      await exporter.close(10_000);
      expect(around.names()).toEqual(namesOf(700));
      const { failures, delivered } = exporter.snapshot();
      const reasons = Object.entries(failures).flatMap(([reason, count]) => (count > 0 ? [reason] : []));
      // Beside other processes an attempt may take too long before it fails as it should.
      expect([...failure.split(" "), "timeout"]).toEqual(expect.arrayContaining(reasons));
      expect(reasons.some((reason) => failure.includes(reason))).toBe(true);
      expect(delivered).toBe(700);
      expectExact(exporter);
    },
  );

  it("a collector that is not there yet gets every record when it is", async () => {
    const { httpPort, grpcPort } = around.receiver;
    const problems: unknown[] = [];
    const exporter = exporterOver(protocol, { onProblem: (problem) => problems.push(problem) });
    await around.receiver.close();
    await exporter.open();
    for (const event of events(30)) exporter.listener(event);
    await poll("a failure", () => (exporter.snapshot().failures.connection ?? 0) > 0);
    expect(exporter.health()).toMatchObject({ status: "degraded" });
    await poll("the problem", () => problems.length > 0);
    expect(problems[0]).toMatch(/ECONNREFUSED/);
    expect(exporter.snapshot().queueSize).toBe(30);
    around.receiver = await OtlpReceiver.start({ httpPort, grpcPort });
    await poll("all records", () => exporter.snapshot().queueSize === 0);
    expect(around.names()).toEqual(namesOf(30));
    expect(exporter.health()).toEqual({ status: "healthy" });
    expect(problems).toEqual([expect.any(String), undefined]);
    await exporter.close(10_000);
    expectExact(exporter);
  });

  it("records that the collector rejects are counted, and it is told of them", async () => {
    around.receiver.behave({ kind: "partial", rejected: 3, message: "too old" }, 1);
    const exporter = exporterOver(protocol, {}, PATIENT_MS);
    await exporter.open();
    for (const event of events(10)) exporter.listener(event);
    await poll("the batch", () => exporter.snapshot().queueSize === 0);
    expect(exporter.snapshot()).toMatchObject({ delivered: 7, dropped: { rejected: 3 }, failures: { rejected: 1 } });
    for (const event of events(1, 10)) exporter.listener(event);
    await poll("the record of the loss", () => around.receiver.logRecords.length === 12);
    expect(around.receiver.logRecords.at(-1)).toMatchObject({
      eventName: "mcp_hangar.audit.records_lost",
      severityText: "ERROR",
      attributes: { "mcp.audit.lost_records": 3n },
    });
    await exporter.close(10_000);
    expectExact(exporter);
  });

  it("a batch that is refused for good is divided, and what is refused alone is dropped", async () => {
    around.receiver.behave(refuse(400, grpc.status.INVALID_ARGUMENT), 4);
    const exporter = exporterOver(protocol);
    await exporter.open();
    for (const event of events(8)) exporter.listener(event);
    await poll("all records", () => exporter.snapshot().delivered >= 7);
    expect(around.names().slice(0, 7)).toEqual(namesOf(7, 1));
    expect(exporter.snapshot()).toMatchObject({ dropped: { rejected: 1 }, failures: { rejected: 4 } });
    await exporter.close(10_000);
    expectExact(exporter);
  });

  it.each([
    ["hangs", { kind: "hang" }],
    ["refuses", refuse(503, grpc.status.UNAVAILABLE)],
  ] as const)(
    "closes within its deadline though the collector %s, and the records are sent after the next start",
    async (_name, behaviour) => {
      around.receiver.behave(behaviour);
      const exporter = exporterOver(protocol);
      await exporter.open();
      for (const event of events(40)) exporter.listener(event);
      // Without a deadline it would go on for ever: the collector never takes them.
      await exporter.close(2_000);
      expect(exporter.snapshot()).toMatchObject({ delivered: 0, queueSize: 40 });
      expectExact(exporter);

      around.receiver.behave({ kind: "accept" });
      const next = await openedAgain(protocol);
      expect(next.accepted).toBe(40);
      await next.close(60_000);
      expect(around.names()).toEqual(namesOf(40));
      expect(next.snapshot()).toMatchObject({ delivered: 40, queueSize: 0 });
      expectExact(next);
    },
  );

  it("without a spool, what was not sent by the end is dropped and counted", async () => {
    around.receiver.behave({ kind: "hang" });
    const exporter = exporterOver(protocol, { spool: undefined });
    await exporter.open();
    for (const event of events(25)) exporter.listener(event);
    await exporter.close(700);
    expect(exporter.snapshot()).toMatchObject({ delivered: 0, dropped: { shutdown: 25 }, queueSize: 0 });
    expectExact(exporter);
  });

  it("a slow collector holds nobody who emits an event", async () => {
    around.receiver.behave({ kind: "slow", delayMs: 200 });
    const exporter = exporterOver(protocol, {}, PATIENT_MS);
    await exporter.open();
    for (const event of events(3_000)) exporter.listener(event);
    // Nothing is sent on the time of those who emit: not even the first batch has left.
    expect(around.receiver.attempts).toBe(0);
    await poll("all records", () => exporter.snapshot().queueSize === 0);
    await exporter.close(10_000);
    expect(around.names()).toEqual(namesOf(3_000));
    expectExact(exporter);
  });
});

/**
 * Sends one event to a collector that asks to be left alone for a second at first. Time is the test's own: without jitter, the next
 * attempt would be made at once.
 */
async function expectPatience(changes: (clock: Clock) => OTLPAuditExporter, attempts: () => number): Promise<void> {
  const fake = new FakeClock();
  const exporter = changes(fake);
  await exporter.open();
  for (const event of events(1)) exporter.listener(event);
  await fake.advance(BATCH_DELAY_MS);
  await poll("the first attempt", () => exporter.snapshot().failures.rejected === 1);
  await fake.advance(999);
  expect([attempts(), exporter.snapshot().queueSize]).toEqual([1, 1]);
  await fake.advance(1);
  await poll("the record", () => exporter.snapshot().delivered === 1);
  expect(attempts()).toBe(2);
  await exporter.close(10_000);
}

describe("over HTTP", () => {
  it("a collector that asks for time gets it", async () => {
    around.receiver.behave({ kind: "refuse", httpStatus: 429, grpcCode: grpc.status.OK, retryAfter: "1" }, 1);
    await expectPatience(
      (clock) => exporterOver("HTTP", { clock, spool: undefined }),
      () => around.receiver.attempts,
    );
  });

  it("a flood of refused requests drives out its own records, and no others", async () => {
    around.receiver.behave({ kind: "hang" });
    const exporter = exporterOver("HTTP", { spool: undefined });
    await exporter.open();
    const refused: HangarEvent = {
      type: "authentication.failed",
      timeMs: 1_769_846_400_000,
      reason: "unknown_api_key",
      remoteAddress: "192.0.2.66",
      door: "mcp",
      origin: "mcp",
    };
    for (let count = 0; count < 20_500; count++) exporter.listener(refused);
    for (const event of events(300)) exporter.listener(event);
    const lost = droppedOf(exporter.snapshot());
    expect(lost).toBe(800);
    expectExact(exporter);
    around.receiver.behave({ kind: "accept" });
    await poll("all records", () => exporter.snapshot().queueSize === 0);
    await exporter.close(10_000);
    expect(around.names().filter((name) => String(name).startsWith("event "))).toEqual(namesOf(300));
    const losses = around.receiver.logRecords.filter(({ eventName }) => eventName === "mcp_hangar.audit.records_lost");
    expect(losses.map(({ attributes }) => attributes["mcp.audit.lost_records"])).toEqual([BigInt(lost)]);
    expectExact(exporter);
  });

  it("a collector's answer without an end, or that is no answer, does not count against it", async () => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(200).end("x".repeat(100_000)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const exporter = auditExporter({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    await exporter.open();
    for (const event of events(3)) exporter.listener(event);
    await exporter.close(10_000);
    server.closeAllConnections();
    server.close();
    expect(exporter.snapshot()).toMatchObject({ delivered: 3, failures: { connection: 0 } });
  });
});

describe("over gRPC", () => {
  it("a collector that asks for time gets it", async () => {
    const server = new grpc.Server();
    let calls = 0;
    const bytes = (value: Buffer): Buffer => value;
    const path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const method = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    server.addService(
      { Export: method },
      {
        Export(_call: unknown, callback: grpc.sendUnaryData<Buffer>) {
          calls += 1;
          if (calls > 1) return callback(null, Buffer.alloc(0));
          const metadata = new grpc.Metadata();
          // google.rpc.Status with google.rpc.RetryInfo of 1 s, written by hand.
          const type = Buffer.from("type.googleapis.com/google.rpc.RetryInfo");
          const any = Buffer.concat([Buffer.from([0x0a, type.length]), type, Buffer.from([0x12, 4, 0x0a, 2, 0x08, 1])]);
          metadata.set("grpc-status-details-bin", Buffer.concat([Buffer.from([0x08, 8, 0x1a, any.length]), any]));
          callback({ code: grpc.status.RESOURCE_EXHAUSTED, details: "slow down", metadata });
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
    await expectPatience(
      (clock) => auditExporter(env, { clock, random: () => 0 }),
      () => calls,
    );
    server.forceShutdown();
  });
});
