import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runHangar } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { startGateway } from "../../src/harness/gateway-process.ts";
import { type JournalRecord, linesOf, verifyJournal } from "../../src/harness/journal.ts";
import { rest } from "../../src/harness/rest.ts";
import { temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { MEMORY, nodeServer } from "../../src/harness/upstreams.ts";

const ENTITIES = [{ name: "Ada", entityType: "person", observations: ["writes programs"] }];

test("what chosen tools are given is in the journal, readable by who has the private key and by nobody else", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const [old, own] = [generateKeyPairSync("x25519"), generateKeyPairSync("rsa", { modulusLength: 2_048 })];
  const privatePem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
  await writeFile(at("old.pem"), privatePem(old.privateKey));
  await writeFile(at("own.pem"), privatePem(own.privateKey));
  await writeFile(at("own.pub.pem"), own.publicKey.export({ type: "spki", format: "pem" }));
  const journal = at("journal");
  await using gateway = await startGateway({
    mcp_servers: { memory: nodeServer(MEMORY) },
    compliance: {
      journal: { folder: journal },
      args_hash_key: "a key of this test",
      capture: { public_key_file: at("own.pub.pem"), tools: ["memory/create_*"], results: true, key_id: "auditors" },
    },
  });
  for (const [tool, body] of [
    ["create_entities", { arguments: { entities: ENTITIES } }],
    ["read_graph", { arguments: {} }],
  ] as const) {
    expect((await rest(gateway, "POST", `/api/mcp_servers/memory/tools/${tool}/call`, { body })).status).toBe(200);
  }
  await gateway.stop();
  const exported = async (...options: readonly string[]) =>
    runHangar(["audit", "export", "--journal", journal, "--type", "tool.call.completed", ...options]);
  const callsIn = (text: string): readonly JournalRecord[] =>
    // Records of a gateway of this release.
    linesOf(text).map((line) => JSON.parse(line) as JournalRecord);

  const encrypted = await exported();
  expect(encrypted.stdout).not.toContain("Ada");
  const [created, read] = callsIn(encrypted.stdout);
  expect(created?.captured).toEqual({
    arguments: expect.stringMatching(/^eyJ/),
    result: expect.stringMatching(/^eyJ/),
  });
  expect(read).toMatchObject({ target: { name: "read_graph" }, args_hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(read?.captured).toBeUndefined();

  const both = await exported("--decrypt", at("old.pem"), at("own.pem"));
  expect([both.code, both.stderr]).toEqual([0, ""]);
  expect(callsIn(both.stdout)[0]?.captured).toMatchObject({
    arguments: { entities: ENTITIES },
    result: { content: expect.any(Array) },
  });

  const wrong = await exported("--decrypt", at("old.pem"));
  expect([wrong.code, wrong.stdout]).toEqual([1, encrypted.stdout]);
  expect(wrong.stderr).toMatch(/^records whose payloads no key of .*old\.pem opens: 1; /);
  const cef = await exported("--decrypt", at("own.pem"), "--format", "cef");
  expect([cef.code, cef.stderr]).toEqual([1, expect.stringContaining("use --decrypt with --format json-lines")]);
  const publicKey = await exported("--decrypt", at("own.pub.pem"));
  expect([publicKey.code, publicKey.stderr]).toEqual([1, expect.stringContaining("own.pub.pem is no private key")]);

  const passphrase = { format: "pem", cipher: "aes-256-cbc", passphrase: "a passphrase" } as const;
  await writeFile(at("locked.pem"), own.privateKey.export({ type: "pkcs8", ...passphrase }));
  await writeFile(at("signs.pem"), privatePem(generateKeyPairSync("ed25519").privateKey));
  for (const [file, problem] of [
    ["locked.pem", "locked.pem is protected by a passphrase"],
    ["signs.pem", "signs.pem opens nothing that was captured: it is of the type ed25519"],
  ] as const) {
    const none = await exported("--decrypt", at(file));
    expect([none.code, none.stdout, none.stderr]).toEqual([1, "", expect.stringContaining(problem)]);
  }
  await writeFile(at("own.jwk"), JSON.stringify(own.privateKey.export({ format: "jwk" })));
  await writeFile(at("pkcs1.pem"), own.privateKey.export({ type: "pkcs1", format: "pem" }));
  for (const file of ["own.jwk", "pkcs1.pem"]) {
    expect(await exported("--decrypt", at(file))).toMatchObject({ code: 0, stdout: both.stdout });
  }
  expect(await verifyJournal(journal)).toMatchObject({ code: 0 });
});
