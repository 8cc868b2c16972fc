import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { registeredName } from "@mcp-hangar/telemetry";
import { afterAll, expect, test } from "vitest";
import { parseOpenMetrics, sampleValue } from "./open-metrics.ts";
import { bus, endpoint, metrics } from "./readme-example.ts";

afterAll(() => {
  metrics.close();
  endpoint.close();
});

test("the README shows the example that is type-checked and run here", async () => {
  const [readme, example] = await Promise.all(
    ["../README.md", "./readme-example.ts"].map((path) => readFile(new URL(path, import.meta.url), "utf8")),
  );
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the example serves what happened, over HTTP and in either format", async () => {
  await once(endpoint.listen(0, "127.0.0.1"), "listening");
  const address = endpoint.address();
  if (address === null || typeof address === "string") throw new Error("The endpoint does not listen on a port.");
  const url = `http://127.0.0.1:${address.port}/metrics`;
  bus.emit({
    type: "server.start_finished",
    timeMs: Date.now(),
    server: registeredName("math"),
    result: "success",
    durationSeconds: 0.7,
    diagnosis: undefined,
  });
  const openMetrics = await fetch(url, { headers: { accept: "application/openmetrics-text; version=1.0.0" } });
  expect(openMetrics.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  const families = parseOpenMetrics(await openMetrics.text());
  const labels = { mcp_server: "math", result: "success" };
  expect(sampleValue(families, "mcp_hangar_mcp_server_starts_total", labels)).toBe(1);
  const text = await fetch(url);
  expect(text.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await text.text()).toContain(`mcp_hangar_mcp_server_starts_total{mcp_server="math",result="success"} 1\n`);
});
