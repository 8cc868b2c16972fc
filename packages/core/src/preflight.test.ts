import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { discoveryOptions } from "./discovery/options.ts";
import { entryOptions } from "./options.ts";
import { nodePlatform } from "./platform/node-platform.ts";
import { preflightDecisions, preflightDiscoverySource, preflightEntry } from "./preflight.ts";

let folder = "";
const file = (name: string): string => join(folder, name);

function certificate(name: string): void {
  const args = ["req", "-x509", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync(
    "openssl",
    [...args, "-keyout", file(`${name}.key`), "-out", file(`${name}.pem`), "-subj", `/CN=${name}`],
    {
      stdio: "pipe",
    },
  );
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-preflight-"));
  certificate("one");
  certificate("two");
  writeFileSync(file("text"), "nothing here\n");
  writeFileSync(file("garbage.pem"), "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
  writeFileSync(file("garbage.key"), "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n");
  execFileSync("openssl", ["ec", "-in", file("one.key"), "-out", file("locked.key"), "-aes256", "-passout", "pass:x"], {
    stdio: "pipe",
  });
  execFileSync("mkfifo", [file("pipe")]);
  mkdirSync(file("open"));
  chmodSync(file("open"), 0o777);
  mkdirSync(file("good/node_modules"), { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is found about an entry, as `key: message`; `FOLDER` in the options is the folder of this test. */
async function found(options: object): Promise<readonly string[]> {
  const given: unknown = JSON.parse(JSON.stringify(options).replaceAll("FOLDER", folder));
  const problems = await preflightEntry(entryOptions.parse(given), nodePlatform);
  return problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const remote = (tls: object): object => ({ mode: "remote", endpoint: "https://example.com/mcp", tls });
const program = (rest: object): object => ({ mode: "subprocess", command: "sh", ...rest });

describe("what a server names and this machine does not have", { tags: ["openssl"] }, () => {
  it.each<readonly [string, object, string]>([
    ["a program", program({ command: "no-such-program" }), "command: there is no program named"],
    ["a program by its path", program({ command: "FOLDER/none" }), "command: there is no file"],
    ["a program that is none", program({ command: "FOLDER/text" }), "command: FOLDER/text is not an executable"],
    ["a program in a PATH of its own", program({ env: { PATH: "FOLDER" } }), "command: there is no program named"],
    ["a command with its arguments in one word", program({ command: "sh -c" }), "command: there is no program named"],
    ["a working directory", program({ cwd: "FOLDER/none" }), "cwd: the working directory FOLDER/none does not exist"],
    [
      "a working directory that is a file",
      program({ cwd: "FOLDER/text" }),
      "cwd: the working directory FOLDER/text is no",
    ],
    ["a client of an engine", { mode: "docker", image: "a", command: "FOLDER/none" }, "command: there is no file"],
    ["authorities", remote({ ca_file: "FOLDER/none" }), "tls.ca_file: tls.ca_file FOLDER/none cannot be read: ENOENT"],
    [
      "authorities in a file without any",
      remote({ ca_file: "FOLDER/text" }),
      "tls.ca_file: tls.ca_file FOLDER/text cannot be read: it has no PEM block",
    ],
    [
      "authorities in a broken file",
      remote({ ca_file: "FOLDER/garbage.pem" }),
      "tls.ca_file: tls.ca_file FOLDER/garbage.pem is no",
    ],
    [
      "a file that is a folder",
      remote({ ca_file: "FOLDER" }),
      "tls.ca_file: tls.ca_file FOLDER cannot be read: it is no regular",
    ],
    [
      "a file that is a pipe",
      remote({ ca_file: "FOLDER/pipe" }),
      "tls.ca_file: tls.ca_file FOLDER/pipe cannot be read: it is no",
    ],
    [
      "a certificate that can be parsed",
      remote({ cert_file: "FOLDER/garbage.pem", key_file: "FOLDER/one.key" }),
      "tls.cert_file: tls.cert_file FOLDER/garbage.pem is no usable certificate",
    ],
    [
      "a key that can be parsed",
      remote({ cert_file: "FOLDER/one.pem", key_file: "FOLDER/garbage.key" }),
      "tls.key_file: tls.key_file FOLDER/garbage.key is no usable key",
    ],
    [
      "a key without a passphrase",
      remote({ cert_file: "FOLDER/one.pem", key_file: "FOLDER/locked.key" }),
      "tls.key_file: tls.key_file FOLDER/locked.key is no usable key; keys with a passphrase are not",
    ],
    [
      "the key of the certificate",
      remote({ cert_file: "FOLDER/one.pem", key_file: "FOLDER/two.key" }),
      "tls.key_file: tls.key_file FOLDER/two.key is not the key of the certificate in tls.cert_file",
    ],
  ])("is found: %s", async (_name, options, problem) => {
    expect(await found(options)).toEqual([expect.stringContaining(problem.replaceAll("FOLDER", folder))]);
  });

  it("is nothing when everything is there", async () => {
    expect(await found(program({ cwd: "FOLDER", env: { A: "b" } }))).toEqual([]);
    expect(await found({ mode: "docker", image: "a", command: "/bin/sh" })).toEqual([]);
    const tls = { ca_file: "FOLDER/two.pem", cert_file: "FOLDER/one.pem", key_file: "FOLDER/one.key" };
    expect(await found(remote(tls))).toEqual([]);
    expect(await found({ mode: "group", members: [{ id: "a" }] })).toEqual([]);
  });
});

describe("what a discovery source names and this machine does not have", { tags: ["openssl"] }, () => {
  it.each<readonly [string, object, string | undefined]>([
    ["a folder", { type: "filesystem", path: "FOLDER/none" }, "does not exist"],
    ["a folder that is a file", { type: "filesystem", path: "FOLDER/text" }, "is no folder"],
    ["a folder that only its owner may write", { type: "filesystem", path: "FOLDER/open" }, "everybody may write"],
    ["nothing", { type: "filesystem", path: "FOLDER/open", server_modes: ["remote"] }, undefined],
    ["installed packages", { type: "npm", folders: ["FOLDER/none"] }, "no node_modules"],
    ["nothing of npm's", { type: "npm", folders: ["FOLDER/good"] }, undefined],
    [
      "the files of an engine",
      { type: "docker", host: "tcp://127.0.0.1:1", tls: { ca_file: "FOLDER/none" } },
      "tls.ca_file",
    ],
    ["a kubeconfig", { type: "kubernetes", kubeconfig: "FOLDER/none" }, "kubeconfig FOLDER/none cannot be read"],
    ["a cluster around it", { type: "kubernetes" }, "KUBERNETES_SERVICE_HOST"],
  ])("is found: %s", async (_name, source, problem) => {
    const given: unknown = JSON.parse(JSON.stringify({ sources: { it: source } }).replaceAll("FOLDER", folder));
    const options = discoveryOptions.parse(given).sources.it;
    const problems = options === undefined ? [] : await preflightDiscoverySource(options, { env: {} });
    expect(problems.map(({ message }) => message)).toEqual(
      problem === undefined ? [] : [expect.stringContaining(problem.replaceAll("FOLDER", folder))],
    );
  });

  it("is found: a file of decisions that can be read and written anew", async () => {
    expect(await preflightDecisions({ decisions_file: file("text") })).toMatchObject([
      { message: expect.stringContaining("cannot be used") },
    ]);
    expect(await preflightDecisions({ decisions_file: file("none/decisions") })).toHaveLength(1);
    expect(await preflightDecisions({ decisions_file: file("decisions") })).toEqual([]);
    expect(await preflightDecisions({})).toEqual([]);
  });
});
