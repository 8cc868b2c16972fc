import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decryptedPayload, encryptedPayload, PayloadCapture, readJournal } from "@mcp-hangar/compliance";
import { AUDIT_RECORD_SCHEMA, Sensitive } from "@mcp-hangar/telemetry";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { callEvent, collect, openJournal, temporaryFolder, verified } from "./support.ts";

const { publicKey, privateKey } = generateKeyPairSync("x25519");

test.each(["fail_open", "fail_closed"] as const)(
  "what calls are given is in the chain, in the order of their ends, and readable with the private key alone (%s)",
  async (mode) => {
    using folder = temporaryFolder();
    const encrypt = await encryptedPayload(publicKey.export({ format: "jwk" }));
    const wants = (_server: string, tool: string): boolean => tool === "add";
    const capture = new PayloadCapture({
      encrypt,
      arguments: true,
      results: true,
      bytesMax: 1_000,
      redact: true,
      wants,
    });
    const journal = await openJournal(folder.path, { mode, capture });
    const calls = Array.from({ length: 300 }, (_, index) => {
      const secret = new Sensitive({ canary: `canary ${index}` });
      return { ...callEvent(`call-${index}`), arguments: secret, result: undefined };
    });
    for (const call of calls) journal.listener(call);
    await journal.close(60_000);
    const records = (await collect(readJournal(folder.path))).map(({ record }) => record);
    const found = records.filter(({ category }) => category === "tool");
    expect(found.map(({ id }) => id)).toEqual(calls.map(({ callId }) => callId));
    const isRecord = new Ajv2020({ strict: true, allErrors: true }).compile(AUDIT_RECORD_SCHEMA);
    for (const [index, record] of found.entries()) {
      expect(isRecord(record), JSON.stringify(isRecord.errors)).toBe(true);
      const { arguments: args = "", result, omitted } = record.captured ?? {};
      // More than are encrypted at a time.
      if (omitted !== undefined) continue;
      expect(result).toBeUndefined();
      expect(await decryptedPayload(args, privateKey.export({ format: "jwk" }))).toEqual({
        payload: { canary: `canary ${index}` },
      });
    }
    expect(found.filter(({ captured }) => captured?.omitted === undefined).length).toBeGreaterThanOrEqual(256);
    expect((await verified(folder.path)).summary).toMatchObject({ isIntact: true, records: records.length });
    const bytes = readdirSync(folder.path).map((name) => readFileSync(join(folder.path, name), "latin1"));
    expect(bytes.join()).not.toContain("canary");
  },
);
