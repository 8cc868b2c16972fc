import { execFileSync } from "node:child_process";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PemLabel, pemFile } from "./pem-file.ts";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN EC PRIVATE KEY-----\nMA==\n-----END EC PRIVATE KEY-----\n";
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pem-file-"));
  await writeFile(join(folder, "certificate"), CERTIFICATE);
  await writeFile(join(folder, "key"), KEY);
  await writeFile(join(folder, "empty"), "");
  await writeFile(join(folder, "large"), CERTIFICATE);
  await truncate(join(folder, "large"), 5_000_000);
  execFileSync("mkfifo", [join(folder, "pipe")]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a file of certificates or of a key", () => {
  test.each<[file: string, label: PemLabel, content: string]>([
    ["certificate", "CERTIFICATE", CERTIFICATE],
    ["key", "PRIVATE KEY", KEY],
  ])("%s is read", async (file, label, content) => {
    expect((await pemFile(join(folder, file), label)).toString()).toBe(content);
  });

  test.each<[file: string, label: PemLabel, why: string]>([
    ["key", "CERTIFICATE", "no PEM block that ends its name in CERTIFICATE"],
    ["certificate", "PRIVATE KEY", "no PEM block that ends its name in PRIVATE KEY"],
    ["empty", "CERTIFICATE", "no PEM block"],
    ["large", "CERTIFICATE", "larger than 4194304 bytes (5000000)"],
    ["absent", "CERTIFICATE", "ENOENT"],
    // Read without end, or waited for, they would take the memory or the start of the gateway.
    [".", "CERTIFICATE", "no regular file"],
    ["pipe", "CERTIFICATE", "no regular file"],
    ["/dev/zero", "CERTIFICATE", "no regular file"],
  ])("%s is refused as %s: %s", async (file, label, why) => {
    await expect(pemFile(file.startsWith("/") ? file : join(folder, file), label)).rejects.toThrow(why);
  });
});
