import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { startGateway } from "../../src/harness/gateway-process.ts";
import { verifyJournal } from "../../src/harness/journal.ts";
import { rest } from "../../src/harness/rest.ts";
import { temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { MEMORY, nodeServer } from "../../src/harness/upstreams.ts";

test("a gateway finds out by itself that its journal was altered, and tells how far a sink is behind", async () => {
  await using folder = await temporaryFolder();
  const journal = join(folder.path, "journal");
  const config = {
    mcp_servers: { memory: nodeServer(MEMORY) },
    compliance: {
      journal: { folder: journal },
      sinks: [{ type: "syslog", name: "gone", host: "127.0.0.1", port: await freePort() }],
    },
  };
  await using first = await startGateway(config);
  await rest(first, "GET", "/api/mcp_servers");
  await poll("a verification", () => first.events("audit_chain_verified").length > 0);
  expect(first.events("audit_chain_verified")).toMatchObject([{ intact: true, problems: 0 }]);
  expect((await first.metrics()).sum("mcp_hangar_audit_chain_problems")).toBe(0);
  // Nobody takes the records, so that they become older.
  await poll(
    "a lag",
    async () => (await first.metrics()).sum("mcp_hangar_audit_lag_seconds", { exporter: "audit_sink_gone" }) > 0,
  );
  await poll("the log to say so", () => first.events("audit_sink_failing").length > 0);
  const ready = await rest(first, "GET", "/health/ready");
  expect([ready.status, ready.json()]).toMatchObject([
    200,
    { checks: expect.arrayContaining([expect.objectContaining({ name: "audit_sink_gone", status: "degraded" })]) },
  ]);
  await first.stop();
  expect(first.events("audit_records_wait")).toMatchObject([{ sink: "gone", records: expect.any(Number) }]);

  const [segment = ""] = (await readdir(journal)).filter((name) => name.endsWith(".segment"));
  const bytes = await readFile(join(journal, segment));
  const at = bytes.indexOf("memory");
  bytes.write("Memory", at);
  await writeFile(join(journal, segment), bytes);
  expect(await verifyJournal(journal)).toMatchObject({ code: 1 });
  await using second = await startGateway(config);
  await poll("a finding", () => second.events("audit_chain_broken").length > 0);
  await poll("its metric", async () => (await second.metrics()).sum("mcp_hangar_audit_chain_problems") > 0);
});

test("two gateways do not share a journal: the second says who has it, and does not start", async () => {
  await using folder = await temporaryFolder();
  const config = { mcp_servers: {}, compliance: { journal: { folder: join(folder.path, "journal") } } };
  await using gateway = await startGateway(config);
  await expect(startGateway(config)).rejects.toThrow(
    new RegExp(`belongs to process ${gateway.process.pid}; give each process a folder of its own`),
  );
});
