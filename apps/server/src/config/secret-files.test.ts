// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseServerFile } from "../discovery/parse-server-file.ts";
import { effectiveConfig } from "../reload/effective.ts";
import { expandVariables, literalPartOf, withoutDefaults } from "./expand.ts";
import { type ParsedConfig, parseConfig } from "./load.ts";
import type { ConfigError } from "./problem.ts";
import { SecretFiles } from "./secret-files.ts";

let folder = "";
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-secrets-"));
  writeFileSync(file("token"), "t0p-s3cret\n");
  writeFileSync(file("two-lines"), "first\nsecond\r\n");
  writeFileSync(file("empty"), "\n");
  writeFileSync(file("number"), "8123\n");
  writeFileSync(file("binary"), Buffer.from([0xff, 0xfe]));
  writeFileSync(file("nul"), "a\0b");
  writeFileSync(file("limit"), "x".repeat(65_536));
  writeFileSync(file("large"), "x".repeat(65_537));
  writeFileSync(file("reference"), "${NAME}, as it is");
  mkdirSync(file("folder"));
  mkdirSync(file("..data"));
  writeFileSync(file("..data/linked"), "behind a link");
  symlinkSync("..data/linked", file("link"));
  execFileSync("mkfifo", [file("pipe")]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function parse(level: string, rest = ""): ParsedConfig {
  const text = `mcp_servers:\n  a:\n    mode: subprocess\n    command: sh\n    env:\n      A: ${JSON.stringify(level)}\n${rest}`;
  return parseConfig(text, { NAME: "value" }, file("config.yaml"));
}

function expanded(text: string): string | undefined {
  const { config } = parse(text);
  const server = config.mcp_servers.a;
  return server?.mode === "subprocess" ? server.env.A : undefined;
}

function problemOf(text: string): string {
  try {
    parse(text);
    return "none";
  } catch (error) {
    const [problem] = (error as ConfigError).problems;
    return `${problem?.line} ${problem?.path.join(".")} ${problem?.message} ${problem?.elsewhere ?? ""}`;
  }
}

describe("a reference to a file", () => {
  it.each([
    ["${file:token}", "t0p-s3cret"],
    ["Bearer ${file:token}!", "Bearer t0p-s3cret!"],
    ["${file:./folder/../token}", "t0p-s3cret"],
    ["${file:two-lines}", "first\nsecond"],
    ["${file:link}", "behind a link"],
    ["${file:none:-fallback}", "fallback"],
    ["${file:token:-fallback}", "t0p-s3cret"],
    ["${file:empty:-fallback}", "fallback"],
    ["${file:none:-}", ""],
    ["${file:reference}", "${NAME}, as it is"],
    ["${NAME}/${file:token}", "value/t0p-s3cret"],
    ["$${file:token}", "${file:token}"],
    ["${file:-is a variable}", "is a variable"],
  ])("%s becomes %j", (text, value) => {
    expect(expanded(text)).toBe(value);
  });

  it("may be absolute", () => {
    expect(expanded(`\${file:${file("token")}}`)).toBe("t0p-s3cret");
  });

  it("may hold as much as the limit, and is read once for one document", () => {
    expect(expanded("${file:limit}")).toHaveLength(65_536);
    const files = new SecretFiles(file("config.yaml"));
    expect(files.read("token")).toBe(files.read(file("token")));
    expect(files.files).toEqual([{ path: file("token"), value: "t0p-s3cret" }]);
  });

  it.each([
    ["${file:none}", "does not exist: create it, or write ${file:…:-default} true"],
    ["${file:token/below}", "does not exist"],
    ["${file:empty}", "is empty"],
    ["${file:folder:-x}", "is no regular file true"],
    ["${file:pipe:-x}", "is no regular file"],
    ["${file:large:-x}", "is larger than 65536 bytes"],
    ["${file:binary:-x}", "is no UTF-8 text"],
    ["${file:nul:-x}", "has a NUL character"],
    ["${file:}", "is not ${NAME}, ${NAME:-default}, ${file:path}"],
    ["${file:${NAME}}", "is not ${NAME}, ${NAME:-default}, ${file:path}"],
  ])("%s is a problem with its line and key: %s", (text, problem) => {
    expect(problemOf(text)).toContain(problem);
    expect(problemOf(text)).toMatch(/^6 mcp_servers\.a\.env\.A /);
  });

  it("can be a number where the schema wants one, and is hidden where it is wrong", () => {
    expect(parse("x", 'http:\n  port: "${file:number}"\n').config.http.port).toBe(8_123);
    const wrong = (): unknown => parse("x", 'http:\n  port: "${file:token}"\n');
    expect(wrong).toThrow("line 8, http.port: the value (hidden) is not allowed");
    expect(wrong).not.toThrow("t0p-s3cret");
  });

  it("stands in the shown configuration as it is written, without its default", () => {
    const { config, templateOf } = parse("${file:token:-s3cret}", 'http:\n  host: "${file:none:-127.0.0.1}"\n');
    expect(effectiveConfig(config, templateOf)).toMatchObject({
      mcp_servers: { a: { env: { A: "${file:token}" } } },
      http: { host: "${file:none}" },
    });
  });

  it("is named with its value, for those who watch and hide", () => {
    expect(parse("${file:token}${file:none:-x}").secretFiles).toEqual([
      { path: file("token"), value: "t0p-s3cret" },
      { path: file("none"), value: undefined },
    ]);
  });

  it("takes linear time, however the text is made", () => {
    let steps = 0;
    const sources = { env: {}, readFile: () => ({ kind: "text", text: "" }) as const };
    for (const piece of ["${file:", "${A:-", "${file:a:-", "$", "${", "${file:a:-$"]) {
      const time = (length: number): number => {
        const text = piece.repeat(length);
        const before = process.cpuUsage().user;
        expandVariables(text, sources);
        withoutDefaults(text);
        literalPartOf(text);
        steps++;
        return process.cpuUsage().user - before;
      };
      time(1_000);
      // 64 times the text: a quadratic expression would take 4,096 times as long, which is minutes.
      time(64_000);
    }
    expect(steps).toBe(12);
  });
});

describe("a server file of a discovery source", () => {
  const text = 'env: {A: "${file:token}"}';

  it("has the files beside it", () => {
    const sources = { env: {}, file: file("server.yaml"), mayReadFiles: true };
    expect(parseServerFile(text, sources)).toEqual({ env: { A: "t0p-s3cret" } });
  });

  it("has none where its source may only announce remote servers", () => {
    const sources = { env: {}, file: file("server.yaml"), mayReadFiles: false };
    expect(() => parseServerFile(text, sources)).toThrow("files are not read here");
  });

  it("stays as it is written where nothing is expanded", () => {
    expect(parseServerFile(text, undefined)).toEqual({ env: { A: "${file:token}" } });
  });
});
