// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CEFExporter } from "@mcp-hangar/compliance";
import { secretsIn } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import type { Environment } from "../config/environment.ts";
import { parseConfig } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { isComplianceWanted } from "./create-compliance.ts";
import { type ComplianceSection, sinksOf } from "./options.ts";
import { preflightCompliance } from "./preflight.ts";

const sectionOf = (section: object, env: Environment = {}): ComplianceSection =>
  parseConfig(JSON.stringify({ compliance: section }), env, "test.yaml").config.compliance;

function problemsOf(section: object, env: Environment = {}): string {
  try {
    sectionOf(section, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("accepted");
}

describe("the section compliance", () => {
  it.each([
    ["stderr", { type: "stderr", format: "cef" }],
    ["/var/log/hangar/audit.log", { type: "file", path: "/var/log/hangar/audit.log", format: "cef" }],
    ["syslog://siem.example:1514", { type: "syslog", transport: "tcp", host: "siem.example", port: 1514 }],
    ["syslog+udp://[::1]", { type: "syslog", transport: "udp", host: "::1" }],
    ["syslog+tls://siem.example:6514", { type: "syslog", transport: "tls", host: "siem.example", port: 6514 }],
  ])("makes a sink of the variables alone: %s", (output, sink) => {
    const section = sectionOf({}, { MCP_COMPLIANCE_OUTPUT: output, MCP_COMPLIANCE_FORMAT: "cef" });
    expect(sinksOf(section)).toEqual([expect.objectContaining({ name: "output", format: "cef", ...sink })]);
  });

  it.each(["udp", "tcp", "tls", "syslog", "syslog+udp", "syslog+tcp", "syslog+tls", "http", "syslog+dtls", "file"])(
    "takes %s:// exactly where exporters alone do, and for the same",
    (scheme) => {
      const output = `${scheme}://127.0.0.1:1514`;
      const alone = (tls?: object) => new CEFExporter({ output: { syslog: output, ...(tls && { tls }) } });
      if (["http", "syslog+dtls", "file"].includes(scheme)) {
        expect(problemsOf({ output })).toContain("write stderr, a path, or syslog://host:port");
        expect(() => alone()).toThrow("no address of syslog");
        return;
      }
      const transport = scheme === "syslog" ? "tcp" : scheme.replace("syslog+", "");
      expect(sinksOf(sectionOf({ output }))).toMatchObject([
        { type: "syslog", transport, host: "127.0.0.1", port: 1514 },
      ]);
      expect(alone().name).toBe("syslog");
      if (transport === "tls") expect(alone({}).name).toBe("syslog");
      else expect(() => alone({})).toThrow("is not encrypted");
    },
  );

  it("takes empty variables for none", () => {
    expect(sinksOf(sectionOf({}, { MCP_COMPLIANCE_OUTPUT: "", MCP_COMPLIANCE_FORMAT: "" }))).toEqual([]);
  });

  it.each([
    [{ output: "https://siem.example" }, "write stderr, a path, or syslog://host:port"],
    [{ output: "syslog://siem.example/path" }, "write syslog://host:port"],
    [{ output: "syslog://" }, "write syslog://host:port"],
    [
      { sinks: [{ type: "syslog", name: "a", host: "b", transport: "udp", max_message_bytes: 65_508 }] },
      "a datagram has 65507 bytes at most",
    ],
    [{ format: "cef" }, "the format of nothing; set output, too"],
    [{ journal: {} }, "compliance.journal.folder"],
    [{ capture: { public_key_file: "a", tools: ["*"] } }, "set compliance.journal, too"],
    [
      { journal: { folder: "a" }, capture: { public_key_file: "a", tools: ["*"], arguments: false } },
      "arguments, results, or both",
    ],
    [{ sinks: [{ type: "file", name: "a", path: "b", format: "xml" }] }, "xml"],
    [{ sinks: [{ type: "file", name: "Splunk", path: "b" }] }, "begins with a letter"],
    [
      {
        sinks: [
          { type: "stderr", name: "a" },
          { type: "file", name: "a", path: "b" },
        ],
      },
      'compliance.sinks[1].name: another sink has the name "a"',
    ],
    [{ output: "stderr", sinks: [{ type: "stderr", name: "output" }] }, 'another sink has the name "output"'],
    [
      { sinks: [{ type: "stderr", name: "a", filter: { types: ["tool.call.*", "tool.called"] } }] },
      'the type "tool.called"',
    ],
    [{ sinks: [{ type: "syslog", name: "a", host: "b", tls: { ca_file: "c" } }] }, "nothing is encrypted over tcp"],
    [{ sinks: [{ type: "webhook", name: "a", url: "http://b", tls: { ca_file: "c" } }] }, "nothing is encrypted"],
    [{ sinks: [{ type: "webhook", name: "a", url: "https://b", secret: "short" }] }, "openssl rand -base64 32"],
    [{ sinks: [{ type: "webhook", name: "a", url: "https://me:pw@b" }] }, "a URL without credentials"],
    [
      { sinks: [{ type: "syslog", name: "a", host: "b", transport: "tls", tls: { key_file: "c" } }] },
      "together, or neither",
    ],
    [
      {
        sinks: [
          {
            type: "s3",
            name: "a",
            endpoint: "https://s3.example",
            region: "r",
            bucket: "b",
            access_key_id: "i",
            secret_access_key: "k",
            lock_days: 3,
          },
        ],
      },
      "set lock_mode and lock_days together",
    ],
  ])("refuses %j", (section, message) => {
    expect(problemsOf(section)).toContain(message);
  });

  it("has one key of digests with tracing, whichever section says it", () => {
    const both = (own: string, tracing: string): string =>
      JSON.stringify({ compliance: { args_hash_key: own }, observability: { tracing: { args_hash_key: tracing } } });
    const [key, other] = ["a key of this test", "another key of it"];
    expect(parseConfig(both(key, key), {}, "test.yaml").config.compliance.args_hash_key).toBe(key);
    expect(() => parseConfig(both(key, other), {}, "test.yaml")).toThrow(
      "compliance.args_hash_key: another key than observability.tracing.args_hash_key",
    );
  });

  it("has its secrets known, so that nobody prints them", () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const previous = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
    const s3 = { endpoint: "https://s3.example", region: "r", bucket: "b", access_key_id: "AKIA1" };
    const section = sectionOf({
      sinks: [
        { type: "splunk", name: "a", url: "https://b:8088", token: "splunk-token-1" },
        {
          type: "webhook",
          name: "b",
          url: "https://b",
          secret,
          previous_secret: previous,
          headers: { "x-key": "header-key-1" },
        },
        { type: "s3", name: "c", ...s3, secret_access_key: "s3-secret-1", session_token: "s3-session-1" },
      ],
    });
    const known = secretsIn({ compliance: section });
    for (const value of ["splunk-token-1", secret, previous, "header-key-1", "s3-secret-1", "s3-session-1"]) {
      expect(known).toContain(value);
    }
  });
});

describe("the examples of the documentation", () => {
  const docs = new URL("../../../../docs/", import.meta.url);
  const pages = ["audit.md", ...readdirSync(new URL("siem/", docs)).map((name) => `siem/${name}`)];
  const examples = pages.flatMap((page) =>
    [...readFileSync(new URL(page, docs), "utf8").matchAll(/^```yaml\n(compliance:\n[\s\S]*?)^```$/gm)].map(
      ([, text = ""]) => [page, text] as const,
    ),
  );

  it.each(examples)("are accepted: %s", (_page, text) => {
    const env = { SPLUNK_HEC_TOKEN: "a", AUDIT_S3_KEY_ID: "b", KEY: "a key of this test" };
    const own = text.replaceAll(/\$\{file:[^}]+\}/g, "${KEY}");
    expect(isComplianceWanted(parseConfig(own, env, "example.yaml").config.compliance)).toBe(true);
  });

  it("are on every page of a receiver", () => {
    expect(new Set(examples.map(([page]) => page)).size).toBe(pages.length - 1);
  });
});

function pemOf(key: KeyObject): string {
  const type = key.type === "public" ? "spki" : "pkcs8";
  return key.export({ type, format: "pem" }).toString();
}

describe("what compliance names on this machine", () => {
  it("is looked for: folders, keys, certificates, files", () => {
    const folder = mkdtempSync(join(tmpdir(), "hangar-compliance-"));
    try {
      const text = join(folder, "text");
      writeFileSync(text, "no PEM");
      symlinkSync(text, join(folder, "link"));
      const found = (section: object): readonly string[] =>
        preflightCompliance(sectionOf(section)).map(({ path, message }) => `${path.join(".")}: ${message}`);
      const good = {
        journal: { folder: join(folder, "new/journal") },
        sinks: [{ type: "file", name: "a", path: join(folder, "x/y") }],
      };
      expect(found(good)).toEqual([]);
      expect(found({ journal: { folder: join(text, "journal"), key_file: text } })).toEqual([
        `journal.folder: ${text} is no folder: name another`,
        `journal.key_file: ${text} is no private key in PEM; make one with: openssl genpkey -algorithm ed25519`,
      ]);
      expect(found({ output: join(folder, "link") })).toEqual([
        `output: ${join(folder, "link")} is no regular file: name another`,
      ]);
      if (process.platform === "linux") {
        expect(found({ output: "/proc/hangar/audit.log", journal: { folder: "/proc/hangar" } })).toEqual([
          "journal.folder: nothing can be kept in /proc: name a folder on a local disk",
          "output: nothing can be kept in /proc: name a folder on a local disk",
        ]);
      }
      const captured = (key: string | KeyObject): readonly string[] => {
        const file = join(folder, "capture.pem");
        writeFileSync(file, typeof key === "string" ? key : pemOf(key));
        const section = { journal: { folder }, capture: { public_key_file: file, tools: ["*"] } };
        return found(section).map((problem) => problem.replace(file, "it"));
      };
      const rsa = generateKeyPairSync("rsa", { modulusLength: 1_024 });
      for (const { publicKey } of [generateKeyPairSync("x25519"), generateKeyPairSync("ec", { namedCurve: "P-256" })])
        expect(captured(publicKey)).toEqual([]);
      expect(captured(rsa.privateKey)).toEqual([expect.stringContaining("it is a private key")]);
      expect(captured(rsa.publicKey)).toEqual([expect.stringContaining("it is of the type rsa 1024: use X25519")]);
      expect(captured(generateKeyPairSync("ed25519").publicKey)).toEqual([expect.stringContaining("type ed25519")]);
      for (const text of ["no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
        expect(captured(text)).toEqual([expect.stringContaining("it is no public key in PEM; make one with: openssl")]);
      const tls = { ca_file: join(folder, "none") };
      expect(found({ sinks: [{ type: "syslog", name: "a", host: "b", transport: "tls", tls }] })).toEqual([
        expect.stringMatching(/^sinks\.0\.tls: ENOENT.*none/),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
