import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { expect, it } from "vitest";
import { z } from "zod";
import { type OperationContext, operation, operationFailure } from "./operation.ts";

const CALLER: Caller = { type: "local", id: registeredName("local"), roles: [], credential: "local" };
const CONTEXT: OperationContext = { caller: CALLER, door: "mcp", signal: new AbortController().signal, relay: {} };

const ran: unknown[] = [];
const greet = operation({
  id: "greet",
  title: "Greet",
  description: "Greets.",
  permission: "system:read",
  effect: "read",
  input: z.object({ name: z.string().max(5), times: z.int().default(1) }),
  output: z.object({ text: z.string() }),
  run: ({ name, times }) => {
    ran.push(name);
    return name === "nobody" ? operationFailure("unknown_server", 404, "nobody") : { text: `${name} ${times}` };
  },
});

it("runs with defaults in place", async () => {
  expect(await greet.perform({ name: "you" }, CONTEXT)).toEqual({ text: "you 1" });
});

it("names the first unknown fields only, when a body is made of them", async () => {
  const unknown = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${index}`, 1]));
  const failed = await greet.perform({ name: "you", ...unknown }, CONTEXT);
  const problems = "problems" in failed ? failed.problems : undefined;
  expect(problems).toHaveLength(21);
  expect(problems?.at(-1)).toEqual({ field: "", message: "there are 980 more fields that do not exist" });
});

it.each([
  [{}, [{ field: "name" }]],
  [{ name: "far too long", times: "x" }, [{ field: "name" }, { field: "times" }]],
  [{ name: "you", extra: 1, more: 2 }, [{ field: "extra" }, { field: "more" }]],
  [null, [{ field: "" }]],
  ["text", [{ field: "" }]],
  [JSON.parse('{"name":"you","__proto__":{"times":2}}'), [{ field: "__proto__" }]],
])("says by field what is wrong with %j, and does not run", async (input, problems) => {
  ran.length = 0;
  expect(await greet.perform(input, CONTEXT)).toMatchObject({
    kind: "failure",
    code: "invalid_request",
    status: 400,
    problems,
  });
  expect(ran).toEqual([]);
});
