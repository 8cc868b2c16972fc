import { readFile } from "node:fs/promises";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { expect, test } from "vitest";

test("the README shows the example that is type-checked and run here", async () => {
  const [readme, example] = await Promise.all(
    ["../README.md", "./readme-example.ts"].map((path) => readFile(new URL(path, import.meta.url), "utf8")),
  );
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the example continues the trace of whoever calls, and its span arrives", async () => {
  const receiver = await OtlpReceiver.start();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.httpUrl;
  try {
    const { forecast, tracing } = await import("./readme-example.ts");
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const result = await forecast("Berlin", { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    await tracing.shutdown();
    const [span] = receiver.spans;
    expect(span).toMatchObject({
      name: "forecast",
      traceId,
      parentSpanId: "00f067aa0ba902b7",
      resource: { "service.name": "weather" },
      attributes: { "weather.city": "Berlin", "mcp.tool.name": "forecast", "mcp.cost.cents": 2n },
    });
    expect(result).toMatchObject({
      trace: traceId,
      sent: { _meta: { traceparent: `00-${traceId}-${span?.spanId}-01` } },
    });
  } finally {
    delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
    await receiver.close();
  }
});
