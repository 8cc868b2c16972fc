import { generateKeyPairSync } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJournal } from "@mcp-hangar/compliance";
import { expect, test } from "vitest";
import { callRecord, collect, openJournal, temporaryFolder, verified } from "./support.ts";
import { findEveryTampering } from "./tamper-journal.ts";
import { payloadsOf, segmentNames, segmentOf } from "./tampering.ts";

test("whatever is done to one of 10 000 records is found, and where", async () => {
  await findEveryTampering({ seed: 1, count: 21, together: 1 });
});

/** A journal of two runs with its folder and key; the records of the second are `second-1` to `second-20`. */
async function twoRuns(folder: string) {
  let publicKeyPem = "";
  for (const run of ["first", "second"]) {
    const journal = await openJournal(folder);
    for (let call = 1; call <= 20; call++) await journal.record(callRecord(`${run}-${call}`));
    ({ publicKeyPem } = journal);
    await journal.close(60_000);
  }
  const [first = "", second = ""] = segmentNames(folder);
  return { publicKeyPem, first, second };
}

test("an end that is cut off behind a checkpoint is found by what was kept elsewhere, and not without it", async () => {
  using folder = temporaryFolder();
  const { publicKeyPem, second } = await twoRuns(folder.path);
  const lines = await collect(readJournal(folder.path));
  const last = lines.at(-1)?.record.checkpoint;
  if (last === undefined) throw new Error("a journal ends with a checkpoint");
  // Somebody who knows it all: the second run is gone, with everything that says there was one.
  rmSync(join(folder.path, second));
  rmSync(join(folder.path, "end"));
  const publicKeys = [publicKeyPem];
  expect((await verified(folder.path, { publicKeys })).summary.isIntact).toBe(true);
  const { problems } = await verified(folder.path, { publicKeys, checkpoints: [last] });
  expect(problems).toMatchObject([
    {
      problem: "truncated",
      sequence: 23,
      expected: `record ${last.sequence} with the hash ${last.hash}, by a checkpoint`,
    },
  ]);
});

test("an end that is cut off is found by the files beside it", async () => {
  using folder = temporaryFolder();
  const { second } = await twoRuns(folder.path);
  rmSync(join(folder.path, second));
  const { problems } = await verified(folder.path);
  expect(problems).toMatchObject([
    { problem: "truncated", sequence: 23, expected: "records up to 44, by the file end" },
  ]);
});

test("a chain that is written anew after an edit is found by its checkpoints, whose signatures nobody can make", async () => {
  using folder = temporaryFolder();
  const { publicKeyPem, first } = await twoRuns(folder.path);
  const path = join(folder.path, first);
  const payloads = payloadsOf(readFileSync(path)).map((payload) => payload.toString());
  const { createHash } = await import("node:crypto");
  let previous = "";
  const forged = payloads.map((payload, index) => {
    let text = payload;
    if (index === 5) text = text.replace('"outcome":"success"', '"outcome":"denied!"');
    if (index > 5) text = text.replace(/"previous":"[0-9a-f]{64}"/, `"previous":"${previous}"`);
    previous = createHash("sha256").update(text).digest("hex");
    return Buffer.from(text);
  });
  expect(forged[5]?.toString()).not.toBe(payloads[5]);
  writeFileSync(path, segmentOf(1, forged));
  const { problems } = await verified(folder.path, { publicKeys: [publicKeyPem] });
  expect(problems).toMatchObject([
    { problem: "bad_checkpoint", sequence: 22 },
    { problem: "edited", sequence: 22 },
  ]);
});

test("a journal that was signed by another key is not believed", async () => {
  using folder = temporaryFolder();
  using other = temporaryFolder();
  await twoRuns(folder.path);
  const { publicKeyPem } = await twoRuns(other.path);
  const { problems, summary } = await verified(folder.path, { publicKeys: [publicKeyPem] });
  expect(summary).toMatchObject({ isIntact: false, checkpoints: 0 });
  expect(problems.map(({ problem }) => problem)).toEqual([
    "bad_checkpoint",
    "bad_checkpoint",
    "bad_checkpoint",
    "bad_checkpoint",
    "unsigned",
  ]);
});

test("files that are gone are missing, each range once, and so is everything", async () => {
  using folder = temporaryFolder();
  const { first, second } = await twoRuns(folder.path);
  const bytes = readFileSync(join(folder.path, first));
  rmSync(join(folder.path, first));
  const { problems } = await verified(folder.path);
  expect(problems).toMatchObject([{ problem: "missing", sequence: 1, expected: "records 1 to 22" }]);
  rmSync(join(folder.path, second));
  expect((await verified(folder.path)).problems.map(({ problem }) => problem)).toEqual(["truncated", "no_journal"]);
  writeFileSync(join(folder.path, first), bytes);
  expect((await verified(folder.path)).problems.map(({ problem }) => problem)).toEqual(["truncated"]);
});

test("a gap that somebody has made up without the key excuses nothing", async () => {
  using folder = temporaryFolder();
  const { publicKeyPem, first, second } = await twoRuns(folder.path);
  rmSync(join(folder.path, first));
  const path = join(folder.path, second);
  const payloads = payloadsOf(readFileSync(path));
  const last = JSON.parse(payloads.at(-1)?.toString() ?? "");
  const { canonical, hashOf } = await import("@mcp-hangar/compliance");
  const forged = {
    ...last,
    id: "forged",
    type: "audit.gap",
    checkpoint: undefined,
    gap: { reason: "retention", count: 22, from: 1, to: 22 },
    sequence: last.sequence + 1,
    previous: hashOf(payloads.at(-1) ?? Buffer.alloc(0)),
  };
  writeFileSync(path, segmentOf(23, [...payloads, Buffer.from(canonical(forged))]));
  const { problems } = await verified(folder.path, { publicKeys: [publicKeyPem] });
  expect(problems).toMatchObject([{ problem: "missing", sequence: 1 }]);
});

test("a journal whose key was changed is verified with both", async () => {
  using folder = temporaryFolder();
  await twoRuns(folder.path);
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const journal = await openJournal(folder.path, { privateKeyPem: pem });
  const { publicKeyPem } = journal;
  await journal.close(60_000);
  expect((await verified(folder.path)).summary).toMatchObject({ isIntact: true, keys: "folder", checkpoints: 6 });
  expect((await verified(folder.path, { publicKeys: [publicKeyPem] })).summary).toMatchObject({ isIntact: false });
});

test("a key that signs nothing is refused with what to do", async () => {
  using folder = temporaryFolder();
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
  for (const privateKeyPem of ["nonsense", rsa.toString()]) {
    await expect(openJournal(folder.path, { privateKeyPem })).rejects.toThrow("openssl genpkey -algorithm ed25519");
  }
  // The folder is free again.
  await (await openJournal(folder.path)).close(60_000);
});

test("a journal that somebody has made up of nothing but holes is found out in time", async () => {
  using folder = temporaryFolder();
  const { first, second } = await twoRuns(folder.path);
  rmSync(join(folder.path, second));
  const [line = Buffer.alloc(0)] = payloadsOf(readFileSync(join(folder.path, first))).slice(3, 4);
  const holes = Array.from({ length: 30_000 }, (_each, index) => {
    return Buffer.from(line.toString().replace(/"sequence":\d+/, `"sequence":${3 * index + 1}`));
  });
  writeFileSync(join(folder.path, first), segmentOf(1, holes));
  const { problems, summary } = await verified(folder.path);
  expect(summary.isIntact).toBe(false);
  expect(problems.filter(({ problem }) => problem === "missing").length).toBeGreaterThan(29_000);
});
