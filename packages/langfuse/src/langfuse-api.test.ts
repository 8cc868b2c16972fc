import { expect, test } from "vitest";
import { outcomeOf } from "./langfuse-api.ts";

const answered = (status: number) =>
  ({ kind: "answered", status, retryAfterMs: undefined, isPage: false, text: "" }) as const;

test.each([
  [200, { kind: "delivered" }],
  [400, { kind: "rejected", message: "HTTP 400" }],
  [413, { kind: "rejected", isTooLarge: true, message: expect.stringMatching(/^HTTP 413: .* size$/) }],
  [429, { kind: "retry", reason: "rejected" }],
  [503, { kind: "retry", reason: "rejected" }],
])("an answer of %i means %o", (status, outcome) => {
  expect(outcomeOf(answered(status))).toMatchObject(outcome);
});

test("only of a request that is too large it is said that it is", () => {
  for (let status = 200; status < 600; status += 1) {
    if (status !== 413) expect(outcomeOf(answered(status))).not.toHaveProperty("isTooLarge");
  }
});
