import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { RECORD_ID, startCountingReceiver } from "../../src/harness/audit-sinks.ts";
import { journalRecords, linesOf, verifyJournal } from "../../src/harness/journal.ts";
import { rest } from "../../src/harness/rest.ts";
import { bearer, startSecuredGateway } from "../../src/harness/secured-gateway.ts";
import { temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { EVERYTHING, nodeServer, startFixture } from "../../src/harness/upstreams.ts";
import { allSteps } from "../../src/harness/walk/all-steps.ts";
import { fleetOf, SERVER } from "../../src/harness/walk/step.ts";
import { witness } from "../../src/harness/witness.ts";

const FORMATS = Object.keys(RECORD_ID);

test("whatever is done by whomever stands once in the journal, and once in each sink in each format", {
  timeout: 300_000,
}, async () => {
  await using folder = await temporaryFolder();
  await using fixture = await startFixture("conformance/main.ts");
  await using syslog = await startCountingReceiver();
  await using inside = await witness();
  const at = (name: string): string => join(folder.path, name);
  const journal = at("journal");
  const roles = {
    nothing: { permissions: [] },
    limited: { permissions: ["tools:call"], tools: { allow: [`${SERVER}/*`] } },
  };
  await using secured = await startSecuredGateway(
    {
      logging: { level: "debug", json_format: true },
      config_reload: { watch: false },
      mcp: { http_sse: true },
      mcp_servers: fleetOf(fixture.url, nodeServer(EVERYTHING)),
      management: { allow_runtime_servers: ["remote"] },
      auth: { roles, lockout: { max_failures: 1_000 } },
      compliance: {
        output: at("output"),
        format: "cef",
        journal: { folder: journal, mode: "fail_closed" },
        sinks: [
          ...FORMATS.map((format) => ({ type: "file", name: format, path: at(`${format}.log`), format })),
          { type: "syslog", name: "remote", host: "127.0.0.1", port: syslog.port },
          {
            type: "file",
            name: "denials",
            path: at("denials"),
            filter: { types: ["access.denied", "authentication.*"] },
          },
        ],
      },
    },
    inside.env,
  );
  const { gateway } = secured;
  const revoked = await secured.keyFor("revoked", "admin");
  await secured.keys("revoke", (/^mcph_([^_]+)_/.exec(revoked) ?? [])[1] ?? "");
  const callers = [
    bearer(secured.admin),
    bearer(await secured.keyFor("auditor", "auditor")),
    bearer(await secured.keyFor("limited", "limited")),
    bearer(await secured.keyFor("nothing", "nothing")),
    {},
    bearer(revoked),
  ];
  for (const headers of callers) for (const step of allSteps(gateway)) await step.act(headers);

  // A program that rotates files renames them, and says so.
  await poll("records in the file", async () => linesOf(await readFile(at("json-lines.log"), "utf8")).length > 100);
  await rename(at("json-lines.log"), at("json-lines.log.1"));
  gateway.process.kill("SIGHUP");
  await poll("the file to be there again", async () => {
    await rest(gateway, "GET", "/api/audit?limit=1", { headers: bearer(secured.admin) });
    return readFile(at("json-lines.log"), "utf8").then(
      (text) => text !== "",
      () => false,
    );
  });
  await gateway.stop();

  const expected = inside
    .events()
    .flatMap(({ record }) => (record === undefined ? [] : [`${record.type} ${record.id}`]));
  expect(expected.length).toBeGreaterThan(500);
  const records = await journalRecords(journal);
  const facts = records.filter(({ type }) => !type.endsWith(".intended") && type !== "audit.checkpoint");
  expect(facts.map(({ type, id }) => `${type} ${id}`)).toEqual(expected);
  expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_record, index) => index + 1));
  // What changes something, and what goes to a server, was written down before.
  const place = new Map(records.map(({ id, sequence }) => [id, sequence]));
  const done = facts.filter(({ type }) => type === "tool.call.completed");
  expect(done.length).toBeGreaterThan(5);
  for (const { id, sequence } of done) expect(place.get(`${id}.intent`)).toBeLessThan(sequence);

  const ids = records.map(({ id }) => id);
  for (const format of FORMATS) {
    const before = format === "json-lines" ? await readFile(at("json-lines.log.1"), "utf8") : "";
    const lines = linesOf(`${before}${await readFile(at(`${format}.log`), "utf8")}`);
    expect(
      lines.map((line) => RECORD_ID[format]?.(line)),
      format,
    ).toEqual(ids);
  }
  expect(linesOf(await readFile(at("output"), "utf8")).map((line) => RECORD_ID.cef?.(line))).toEqual(ids);
  expect(syslog.messages.map((message) => RECORD_ID.syslog?.(message))).toEqual(ids);
  const denials = linesOf(await readFile(at("denials"), "utf8")).map((line) => RECORD_ID["json-lines"]?.(line));
  expect(denials).toEqual(
    records.filter(({ type }) => type === "access.denied" || type.startsWith("authentication.")).map(({ id }) => id),
  );
  expect(denials.length).toBeGreaterThan(50);

  const { code, findings } = await verifyJournal(journal);
  const last = records.length;
  expect({ code, findings }).toEqual({
    code: 0,
    findings: [expect.objectContaining({ kind: "summary", isIntact: true, records: last, last, signedUntil: last })],
  });
});
