import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OtlpReceiver } from "../src/otlp/index.ts";
import { OTLP_SERVICES, type ProtoMessage } from "../src/otlp/services.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

/** An `ExportTraceServiceRequest` written by hand, field by field: one span "s" of that trace, kind SERVER, with `n` = 7. */
const BYTES_OF_A_SPAN = Buffer.from(
  `0a2e 122c 122a 0a10 ${TRACE_ID} 1208 00f067aa0ba902b7 2a01 73 3002 4a07 0a01 6e 1202 1807`.replaceAll(" ", ""),
  "hex",
);

let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});

afterEach(async () => {
  await receiver.close();
});

async function post(path: string, body: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${receiver.httpUrl}${path}`, {
    method: "POST",
    // A copy with a buffer of its own, as fetch wants it.
    body: new Uint8Array(body),
    headers: { "content-type": "application/x-protobuf", ...headers },
  });
}

async function call(message: ProtoMessage): Promise<ProtoMessage> {
  const Client = grpc.makeGenericClientConstructor(OTLP_SERVICES.logs.definition, "Logs");
  const client = new Client(receiver.grpcUrl.replace("http://", ""), grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  metadata.set("api-key", "k");
  try {
    return await new Promise((resolve, reject) => {
      client.Export?.(message, metadata, (error: Error | null, answer: ProtoMessage) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  } finally {
    client.close();
  }
}

describe("the receiver of OTLP", () => {
  it("decodes bytes that were written by hand", async () => {
    expect((await post("/v1/traces", BYTES_OF_A_SPAN)).status).toBe(200);
    expect(receiver.spans).toMatchObject([
      {
        traceId: TRACE_ID,
        spanId: "00f067aa0ba902b7",
        parentSpanId: undefined,
        name: "s",
        kind: "SPAN_KIND_SERVER",
        attributes: { n: 7n },
        status: { code: "STATUS_CODE_UNSET" },
      },
    ]);
  });

  it("takes compressed exports at any path that ends as OTLP says, and keeps the headers", async () => {
    const headers = { "content-encoding": "gzip", authorization: "Basic abc" };
    expect((await post("/api/public/otel/v1/traces", gzipSync(BYTES_OF_A_SPAN), headers)).status).toBe(200);
    expect(receiver.exports).toMatchObject([{ path: "/api/public/otel/v1/traces", headers, protocol: "http" }]);
  });

  it("refuses what is no OTLP, and says what it was", async () => {
    expect((await post("/v1/traces", Buffer.from([0x0a, 0xff]))).status).toBe(400);
    expect((await post("/v1/other", BYTES_OF_A_SPAN)).status).toBe(404);
    expect((await post("/v1/traces", BYTES_OF_A_SPAN, { "content-type": "application/json" })).status).toBe(415);
    expect(receiver.refusals).toHaveLength(3);
    expect(receiver.exports).toEqual([]);
  });

  it("takes log records over gRPC with their metadata", async () => {
    const record = {
      timeUnixNano: "1700000000000000001",
      severityNumber: "SEVERITY_NUMBER_WARN",
      eventName: "mcp.tool.failed",
      body: { stringValue: "it failed" },
      attributes: [{ key: "list", value: { arrayValue: { values: [{ boolValue: true }] } } }],
    };
    await call({ resourceLogs: [{ scopeLogs: [{ scope: { name: "hangar" }, logRecords: [record] }] }] });
    expect(receiver.logRecords).toMatchObject([
      {
        timeUnixNano: 1700000000000000001n,
        severityNumber: "SEVERITY_NUMBER_WARN",
        eventName: "mcp.tool.failed",
        body: "it failed",
        attributes: { list: [true] },
        scope: { name: "hangar" },
        traceId: "",
      },
    ]);
    expect(receiver.exports[0]).toMatchObject({ protocol: "grpc", headers: { "api-key": "k" } });
  });

  it("fails as it is told to, as often as it is told to", async () => {
    receiver.behave({ kind: "refuse", httpStatus: 503, grpcCode: grpc.status.UNAVAILABLE, retryAfter: "1" }, 2);
    const refused = await post("/v1/traces", BYTES_OF_A_SPAN);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    await expect(call({})).rejects.toMatchObject({ code: grpc.status.UNAVAILABLE });
    expect((await post("/v1/traces", BYTES_OF_A_SPAN)).status).toBe(200);

    receiver.behave({ kind: "reset" }, 1);
    await expect(post("/v1/traces", BYTES_OF_A_SPAN)).rejects.toThrow();
    receiver.behave({ kind: "partial", rejected: 3, message: "too old" });
    expect(await call({})).toMatchObject({ partialSuccess: { rejectedLogRecords: "3", errorMessage: "too old" } });
    expect(receiver.attempts).toBe(5);
    expect(receiver.exports).toHaveLength(2);
  });

  it("hangs until it is closed", async () => {
    receiver.behave({ kind: "hang" });
    const hanging = expect(post("/v1/traces", BYTES_OF_A_SPAN)).rejects.toThrow();
    await expect.poll(() => receiver.attempts).toBe(1);
    await receiver.close();
    await hanging;
  });
});
