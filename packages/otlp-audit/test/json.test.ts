import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SAMPLE_TIME_MS, sampleEvents } from "@mcp-hangar/telemetry/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { auditExporter } from "./exporter-under-test.ts";

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly resourceLogs: readonly {
      readonly scopeLogs: readonly { readonly logRecords: readonly Readonly<Record<string, unknown>>[] }[];
    }[];
  };
}

let server: Server;
let url: string;
let received: Received[];
let answer: unknown;
beforeEach(async () => {
  received = [];
  answer = {};
  server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body: JSON.parse(body) });
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  // It listens on a port, so it has an address of this kind.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const json = () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" });

it("records are sent as JSON of OTLP: ids in hex, nanoseconds as texts", async () => {
  const exporter = auditExporter(json());
  await exporter.open();
  for (const event of sampleEvents()) exporter.listener(event);
  await exporter.close(60_000);
  expect(received[0]?.headers["content-type"]).toBe("application/json");
  const [record] = received[0]?.body.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
  expect(record).toMatchObject({
    timeUnixNano: `${SAMPLE_TIME_MS}000000`,
    eventName: "mcp_hangar.tool.call.completed",
    severityNumber: 9,
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    attributes: expect.arrayContaining([{ key: "mcp.tool.name", value: { stringValue: "add" } }]),
  });
});

it("a number of rejected records that is a text, as JSON of OTLP has it, is understood", async () => {
  answer = { partialSuccess: { rejectedLogRecords: "2", errorMessage: "too old" } };
  const exporter = auditExporter(json());
  await exporter.open();
  for (const event of sampleEvents().slice(0, 5)) exporter.listener(event);
  await exporter.close(60_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: 3, dropped: { rejected: 2 } });
});
