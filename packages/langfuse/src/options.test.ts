import { FakeClock } from "@mcp-hangar/delivery/testing";
import { expect, test } from "vitest";
import { settingsOf } from "./options.ts";

const of = (host: string) =>
  settingsOf({ publicKey: "pk", secretKey: "sk", host, clock: new FakeClock(), random: () => 0 });

test.each([
  ["https://us.cloud.langfuse.com", "https://us.cloud.langfuse.com/"],
  ["https://intern.example.com/langfuse", "https://intern.example.com/langfuse/"],
  ["https://intern.example.com/langfuse//", "https://intern.example.com/langfuse/"],
])("%s is a base URL", (host, baseUrl) => {
  expect(of(host).baseUrl).toBe(baseUrl);
});

test.each([
  "cloud.langfuse.com",
  "ftp://secret@host",
  "https://user:secret@host",
  "https://:secret@host",
  "https://host/?key=secret",
  "https://host/#secret",
])("%s is none, and its credentials are not repeated", (host) => {
  let said = "";
  try {
    of(host);
  } catch (error) {
    said = (error as Error).message;
  }
  expect(said).toMatch(/^host: not the base URL of a Langfuse/);
  expect(said).not.toContain("secret");
});
