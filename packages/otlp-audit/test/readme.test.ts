import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AUDIT_ATTRIBUTES } from "@mcp-hangar/telemetry";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { expect, test } from "vitest";
import { serverDied, withAuditTrail } from "./readme-example.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");

test("the README shows the example that is type-checked and run here", async () => {
  const example = await readFile(new URL("./readme-example.ts", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the README has every attribute of audit records", () => {
  expect(Object.values(AUDIT_ATTRIBUTES).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

test("the example sends what happened", async () => {
  const receiver = await OtlpReceiver.start();
  const folder = mkdtempSync(join(tmpdir(), "hangar-readme-"));
  try {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl };
    const snapshot = await withAuditTrail(env, join(folder, "spool"), serverDied);
    expect(snapshot).toMatchObject({ delivered: 1, queueSize: 0 });
    expect(receiver.logRecords).toMatchObject([
      {
        eventName: "mcp_hangar.server.state_changed",
        severityText: "ERROR",
        attributes: { "mcp.server.id": "math", "mcp.server.previous_state": "ready", "mcp.server.state": "dead" },
      },
    ]);
  } finally {
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
