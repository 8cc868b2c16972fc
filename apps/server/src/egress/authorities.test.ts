import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, rootCertificates, setDefaultCACertificates } from "node:tls";
import { makeCertificate } from "@mcp-hangar/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { authorities, trust } from "./authorities.ts";

const folder = mkdtempSync(join(tmpdir(), "hangar-authorities-"));
const file = (name: string): string => join(folder, name);
// As OpenSSL writes them, which is not always as they came.
setDefaultCACertificates(getCACertificates("default"));
const before = getCACertificates("default");
const [anybody = ""] = rootCertificates;

beforeAll(() => {
  for (const name of ["own", "network"])
    makeCertificate(folder, name, { extension: "basicConstraints=critical,CA:TRUE" });
  const sound = readFileSync(file("own.pem"), "utf8");
  const lines = sound.trim().split("\n");
  writeFileSync(file("torn.pem"), [anybody, ...lines.slice(0, 3), ...lines.slice(-1)].join("\n"));
  writeFileSync(file("garbage.pem"), [anybody, lines[0], "AAAA", lines.at(-1)].join("\n"));
});
afterEach(() => setDefaultCACertificates(before));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The names of those who are trusted now and were not before; `"fewer"` when somebody is trusted no more. */
function news(): readonly string[] {
  const now = new Set(getCACertificates("default").map((text) => text.trim()));
  const isOf = (name: string): boolean => now.has(readFileSync(file(`${name}.pem`), "utf8").trim());
  const isFewer = before.some((text) => !now.has(text.trim()));
  return [...["own", "network"].filter(isOf), ...(isFewer ? ["fewer"] : [])];
}

describe("who is trusted, and what is wrong with the files,", { tags: ["openssl"] }, () => {
  it.each([
    { caFile: undefined, variable: undefined, trusted: [], wrong: [] },
    { caFile: "own", variable: undefined, trusted: ["own"], wrong: [] },
    { caFile: undefined, variable: "network", trusted: ["network", "fewer"], wrong: [] },
    { caFile: "own", variable: "network", trusted: ["own", "network", "fewer"], wrong: [] },
    {
      caFile: "torn",
      variable: undefined,
      trusted: [],
      wrong: [/egress\.ca_file .*certificate 2 in it cannot be parsed/],
    },
    {
      caFile: "garbage",
      variable: undefined,
      trusted: [],
      wrong: [/egress\.ca_file .*certificate 2 in it cannot be parsed/],
    },
    { caFile: "own", variable: "torn", trusted: ["own"], wrong: [/SSL_CERT_FILE names .*certificate 2 in it/] },
    {
      caFile: "garbage",
      variable: "network",
      trusted: ["network", "fewer"],
      wrong: [/egress\.ca_file .*certificate 2/],
    },
    { caFile: "absent", variable: "garbage", trusted: [], wrong: [/ENOENT/, /SSL_CERT_FILE names .*certificate 2/] },
  ])("with $caFile in the configuration and $variable in the environment", ({ caFile, variable, trusted, wrong }) => {
    const section = {
      from_environment: true,
      guarded_names: "gateway" as const,
      ...(caFile !== undefined && { ca_file: file(`${caFile}.pem`) }),
    };
    const env = variable === undefined ? {} : { SSL_CERT_FILE: file(`${variable}.pem`) };
    // What is wrong is told before anything is put into force, and in the same words after it.
    for (const put of [() => {}, () => trust(section, env)]) {
      put();
      const problems = authorities(section, env).problems.map(({ message }) => message);
      expect(problems).toEqual(wrong.map((pattern) => expect.stringMatching(pattern)));
    }
    expect(news()).toEqual(trusted);
  });
});
