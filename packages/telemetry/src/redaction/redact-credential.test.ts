import { afterEach, expect, test } from "vitest";
import { knownSecrets, redactCredential, redactText } from "./index.ts";

afterEach(() => knownSecrets.replace("a test", []));

const IDS = ["08ksc61h809l", "V1StGXR8Z5jdHi6B", "static-ci.runner-2026", "a", "x".repeat(100)];

test.each(IDS)("the id of the API key %s is told, by which callers are told apart", (id) => {
  const credential = `api_key:${id}`;
  expect(redactCredential({ type: "api_key", credential })).toBe(credential);
});

test("a key itself behind the same word is hidden: in a credential that is no API key's, and in any text", () => {
  const credential = "api_key:V1StGXR8Z5jdHi6B";
  expect(redactText(`called with ${credential}`)).not.toContain("V1StGXR8Z5jdHi6B");
  for (const type of ["jwt", "anonymous", "local"] as const) {
    expect(redactCredential({ type, credential })).not.toContain("V1StGXR8Z5jdHi6B");
  }
});

test.each([
  ["a secret that is known", "api_key:hunter2-hunter2"],
  ["a token of a well-known shape", `api_key:ghp_${"a1B2".repeat(9)}`],
  ["more than an id", "api_key:id password=hunter2-hunter2"],
  ["an id that is too long", `api_key:${"hunter2-hunter2".repeat(20)}`],
])("what stands in the place of an id is hidden when it is %s", (_what, credential) => {
  knownSecrets.replace("a test", ["hunter2-hunter2"]);
  const told = redactCredential({ type: "api_key", credential });
  expect(told).not.toContain("hunter2-hunter2");
  expect(told).not.toContain("ghp_a1B2");
  expect(redactCredential({ type: "jwt", credential: `jwt:${"a ".repeat(2_000)}` }, 500).length).toBeLessThanOrEqual(
    501,
  );
});
