import { cp, readdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { poll, runHangar } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { type JournalRecord, journalRecords, linesOf } from "../../src/harness/journal.ts";
import { rest } from "../../src/harness/rest.ts";
import { bearer, startSecuredGateway } from "../../src/harness/secured-gateway.ts";
import { type TemporaryFolder, temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { MEMORY, nodeServer } from "../../src/harness/upstreams.ts";

type Headers = Readonly<Record<string, string>>;

/** All records that a caller may see, page by page. */
async function recordsOf(
  gateway: HttpGateway,
  headers: Headers,
  query = "",
  limit = 7,
): Promise<readonly JournalRecord[]> {
  const records: JournalRecord[] = [];
  for (let after = 0; ; ) {
    const page = await rest(gateway, "GET", `/api/audit?limit=${limit}&after=${after}${query}`, { headers });
    expect(page.status, page.text).toBe(200);
    // A page as it is documented; the document is held against it elsewhere.
    const { records: found, next_after: next } = page.json() as unknown as Page;
    expect(found.length).toBeLessThanOrEqual(limit);
    records.push(...found);
    // Each page is a record itself, so that whoever turns the pages never comes to an end of them all.
    if (next === null || found.some(({ action }) => action === "listAuditRecords")) return records;
    after = next;
  }
}

interface Page {
  readonly records: readonly JournalRecord[];
  readonly next_after: number | null;
}

function calling(gateway: HttpGateway, server: string, headers: Headers) {
  const body = { arguments: {} };
  return rest(gateway, "POST", `/api/mcp_servers/${server}/tools/read_graph/call`, { headers, body });
}

test("over REST auditors read everything page by page, others what their roles reach, and that they read is recorded", async () => {
  await using folder = await temporaryFolder();
  const roles = { partly: { permissions: ["audit:read"], tools: { allow: ["open/*"] } } };
  await using secured = await startSecuredGateway({
    mcp_servers: { open: nodeServer(MEMORY), shut: nodeServer(MEMORY) },
    auth: { roles },
    compliance: { journal: { folder: join(folder.path, "journal") } },
  });
  const { gateway } = secured;
  const admin = bearer(secured.admin);
  const [auditor, viewer, partly] = await Promise.all(
    ["auditor", "viewer", "partly"].map(async (role) => bearer(await secured.keyFor(role, role))),
  );
  if (auditor === undefined || viewer === undefined || partly === undefined) throw new Error("there are no keys");
  for (const server of ["open", "shut", "open"]) expect((await calling(gateway, server, admin)).status).toBe(200);
  await rest(gateway, "POST", "/api/mcp_servers/shut/stop", { headers: admin });
  expect((await rest(gateway, "GET", "/api/audit", { headers: viewer })).status).toBe(403);
  expect((await rest(gateway, "POST", "/api/mcp_servers/open/stop", { headers: auditor })).status).toBe(403);
  await poll("both refusals to be on the disk", async () => {
    const page = await rest(gateway, "GET", "/api/audit?type=access.denied", { headers: admin });
    return (page.json().records as readonly unknown[]).length === 2;
  });

  const all = await recordsOf(gateway, auditor);
  expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_record, index) => index + 1));
  const calls = all.filter(({ type }) => type === "tool.call.completed");
  expect(calls.map(({ target }) => target.server)).toEqual(["open", "shut", "open"]);
  const found = await recordsOf(gateway, auditor, "&type=tool.call.completed&server=open&outcome=success");
  expect(found).toEqual(calls.filter(({ target }) => target.server === "open"));
  const since = calls.at(-1)?.time ?? "";
  const late = await recordsOf(gateway, auditor, `&since=${since}&category=tool&caller=root`);
  expect(late.map(({ id }) => id)).toContain(calls.at(-1)?.id);
  expect(late.map(({ id }) => id)).not.toContain(calls[0]?.id);

  const visible = await recordsOf(gateway, partly);
  expect(JSON.stringify(visible)).toContain('"open"');
  expect(JSON.stringify(visible)).not.toContain('"shut"');
  await poll("the reading to be recorded", async () => {
    const reads = await rest(gateway, "GET", "/api/audit?category=management&caller=partly", { headers: admin });
    return reads.text.includes("listAuditRecords");
  });
});

/** Starts a gateway that writes to a journal and a file, and lets it do something. */
async function usedGateway(folder: TemporaryFolder): Promise<HttpGateway> {
  const gateway = await startGateway({
    mcp_servers: { memory: nodeServer(MEMORY) },
    compliance: {
      journal: { folder: join(folder.path, "journal") },
      sinks: [{ type: "file", name: "lines", path: join(folder.path, "lines") }],
    },
  });
  expect((await calling(gateway, "memory", {})).status).toBe(200);
  return gateway;
}

test("on the command line the journal is tailed, searched and exported, and sinks are sent back", async () => {
  await using folder = await temporaryFolder();
  const journal = join(folder.path, "journal");
  await using gateway = await usedGateway(folder);
  const audit = (...args: readonly string[]) => runHangar(["audit", ...args, "--journal", journal]);
  const running = await audit("replay", "--sink", "lines", "--from", "1");
  expect([running.code, running.stderr]).toEqual([1, expect.stringContaining("stop it first")]);
  await gateway.stop();
  const records = await journalRecords(journal);

  const tail = await audit("tail", "-n", "3", "--json");
  expect(linesOf(tail.stdout).map((line) => (JSON.parse(line) as JournalRecord).sequence)).toEqual(
    records.slice(-3).map(({ sequence }) => sequence),
  );
  const search = await audit("search", "--type", "tool.call.*", "--server", "memory", "--since", "1h");
  expect(linesOf(search.stdout)).toEqual([
    expect.stringMatching(/ tool\.call\.completed {2}success {2}anonymous {2}memory\/read_graph/),
  ]);
  const cef = await audit("export", "--format", "cef", "--from", "2", "--to", "4");
  expect(linesOf(cef.stdout)).toEqual([2, 3, 4].map((number) => expect.stringMatching(`^CEF:0\\|.* cn1=${number} `)));
  const unknown = await audit("search", "--type", "tool.called");
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('no records of the type "tool.called"')]);

  const before = linesOf(await readFile(join(folder.path, "lines"), "utf8"));
  expect(before).toHaveLength(records.length);
  expect((await audit("replay", "--sink", "lines", "--from", "3")).code).toBe(0);
  await using again = await usedGateway(folder);
  await again.stop();
  const after = linesOf(await readFile(join(folder.path, "lines"), "utf8"));
  const sequenceOf = (line: string): number => (JSON.parse(line) as JournalRecord).sequence;
  expect(after.slice(0, before.length + 1).map(sequenceOf)).toEqual([...records.map(({ sequence }) => sequence), 3]);
  expect(new Set(after.map(sequenceOf)).size).toBe(sequenceOf(after.at(-1) ?? "{}"));
});

test("an end that was cut off is found by the checkpoints that a sink has", async () => {
  await using folder = await temporaryFolder();
  const journal = join(folder.path, "journal");
  await using gateway = await usedGateway(folder);
  await gateway.stop();
  const [segment = ""] = (await readdir(journal)).filter((name) => name.endsWith(".segment"));
  const records = await journalRecords(journal);
  const signed = records.findIndex(({ type }) => type === "audit.checkpoint");
  // Whoever cuts it off behind the first checkpoint also removes what else tells where it ended.
  const cut = join(folder.path, "cut");
  await cp(journal, cut, { recursive: true });
  const bytes = await readFile(join(cut, segment));
  const next = bytes.indexOf(`"sequence":${signed + 3},`);
  const begin = bytes.lastIndexOf('{"action"', next) - 12;
  await truncate(join(cut, segment), begin);
  for (const name of await readdir(cut))
    if (name === "end" || name.endsWith(".position")) await truncate(join(cut, name), 0);
  const lines = join(folder.path, "lines");
  const verify = (...args: readonly string[]) => runHangar(["audit", "verify", "--json", "--journal", cut, ...args]);
  const found = await verify("--checkpoints", lines, "--public-key", join(journal, "checkpoint.pub.pem"));
  expect(found.code, found.stdout + found.stderr).toBe(1);
  expect(found.stdout).toContain('"problem":"truncated"');
  const whole = await runHangar(["audit", "verify", "--journal", journal, "--checkpoints", lines]);
  expect([whole.code, whole.stdout]).toEqual([0, expect.stringContaining("intact")]);
});
