import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ENVIRONMENT } from "./environment.ts";
import { configReference, referenceEntries } from "./reference.ts";

it("every key of the configuration has a description and a type", () => {
  for (const { path, description, type } of referenceEntries()) {
    expect(description, path).toMatch(/.{8,}/);
    expect(type, path).not.toMatch(/undefined|^$/);
  }
});

it("every variable that overrides a key names one that exists", () => {
  const paths = referenceEntries().map(({ path }) => path);
  for (const { path } of ENVIRONMENT) if (path !== undefined) expect(paths).toContain(path.join("."));
});

it("the reference tells keys of one kind of server from those of all", () => {
  const entries = referenceEntries();
  const of = (path: string): unknown => entries.find((entry) => entry.path === path);
  expect(of("mcp_servers.<id>.command")).toMatchObject({ onlyIn: "subprocess", required: true });
  expect(of("mcp_servers.<id>.endpoint")).toMatchObject({ onlyIn: "remote", required: true });
  expect(of("mcp_servers.<id>.members[].weight")).toMatchObject({ type: "whole number, 1 to 1000" });
  expect(of("mcp_servers.<id>.idle_ttl_s")).toMatchObject({
    onlyIn: "subprocess, docker, remote",
    defaultValue: "300",
  });
  expect(of("mcp_servers.<id>.call_timeout_s")).toMatchObject({ onlyIn: undefined });
  expect(of("http.port")).toMatchObject({ type: "whole number, 0 to 65535", variable: "MCP_HTTP_PORT" });
});

it("the committed page is what the schema says", () => {
  const page = readFileSync(new URL("../../../../docs/reference/config.md", import.meta.url), "utf8");
  expect(page, "run pnpm generate").toBe(configReference());
});
