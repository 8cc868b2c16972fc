import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { configSource } from "./config-source.ts";

const folder = mkdtempSync(join(tmpdir(), "hangar-source-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a configuration is read once, and again when its text, or a file that it names, is another", () => {
  const secret = join(folder, "token");
  const source = configSource(join(folder, "config.yaml"), {}, (config) => config);
  const text = (server: string): string =>
    JSON.stringify({
      mcp_servers: { [server]: { mode: "remote", endpoint: "https://a.example/", headers: { x: `\${file:token}` } } },
    });
  const headerOf = (given: string, server: string): unknown => {
    const entry = source.parse(given).config.mcp_servers[server];
    return entry?.mode === "remote" ? entry.headers.x : entry;
  };
  writeFileSync(secret, "first-secret");
  const first = source.parse(text("a"));
  expect(headerOf(text("a"), "a")).toBe("first-secret");
  expect(source.parse(text("a"))).toBe(first);
  writeFileSync(secret, "second-secret");
  expect(source.parse(text("a"))).not.toBe(first);
  expect(headerOf(text("a"), "a")).toBe("second-secret");
  expect(headerOf(text("b"), "b")).toBe("second-secret");
  rmSync(secret);
  expect(() => source.parse(text("b"))).toThrow(/token does not exist/);
  writeFileSync(secret, "third-secret");
  expect(headerOf(text("b"), "b")).toBe("third-secret");
});
