import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProcess } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { parseCef } from "../formats/cef-parser.ts";
import { linesOf } from "../sinks/http-receiver.ts";

const example = new URL("./quick-start.mjs", import.meta.url);

test("the quick start of the README is a program that writes one line of CEF, without a gateway", async () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`js\n${readFileSync(example, "utf8")}\`\`\``);
  const folder = mkdtempSync(join(tmpdir(), "hangar-quick-start-"));
  try {
    const path = join(folder, "audit.cef");
    const args = ["--conditions=@mcp-hangar/source", fileURLToPath(example)];
    const finished = await runProcess({ command: process.execPath, args, cwd: folder });
    expect(finished).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const [line = "", ...others] = linesOf(readFileSync(path, "utf8"));
    expect(others).toEqual([]);
    const { header, extension } = parseCef(line);
    expect(header.slice(4)).toEqual(["MH1003", expect.stringContaining("may not call"), "7"]);
    expect(extension).toMatchObject({
      suser: "ada",
      cs1: "refund",
      destinationServiceName: "billing",
      deviceExternalId: hostname(),
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
