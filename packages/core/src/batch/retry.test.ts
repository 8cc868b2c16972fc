import { describe, expect, it } from "vitest";
import type { CallResult } from "../call.ts";
import { FAILURES, type Failure, type FailureCode, failure } from "../errors.ts";
import { ResultPayload } from "../protocol/result-payload.ts";
import { retryDelayMs } from "./retry.ts";

const sent = (code: FailureCode): Failure => ({ ...failure(code, "x"), maybeExecuted: true });
const error = (code: number): CallResult => ({ kind: "error", error: { code, message: "x" } });
const toolError: CallResult = { kind: "result", result: ResultPayload.ofValue({ isError: true }) };

function retried(result: CallResult, repeatable: boolean): boolean {
  return retryDelayMs(result, 1, { repeatable: () => repeatable, random: () => 0 }) !== undefined;
}

describe("retryDelayMs", () => {
  it.each<[string, CallResult, "always" | "repeatable" | "never"]>([
    ["a connection that was refused", failure("connection", "x"), "always"],
    ["a connection that broke", sent("connection"), "repeatable"],
    ["a queue that was full", failure("overloaded", "x"), "always"],
    ["a server that asks for patience", sent("overloaded"), "repeatable"],
    ["a server that refuses the request", failure("upstream_rejected", "x"), "never"],
    ["a server that refuses the credentials", failure("upstream_auth", "x"), "never"],
    ["an open circuit breaker", failure("circuit_open", "x", 1_000), "always"],
    ["a server that may start later", failure("start_failed", "x", 0), "always"],
    ["a server that was removed", failure("start_failed", "x"), "never"],
    ["a rate limit", failure("rate_limited", "x", 10), "always"],
    ["a timeout before it was sent", failure("timeout", "x"), "always"],
    ["a timeout", sent("timeout"), "repeatable"],
    ["an HTTP error", sent("upstream_error"), "repeatable"],
    ["a broken answer", sent("protocol"), "never"],
    ["a bug of the gateway", sent("internal"), "never"],
    ["an unknown tool", failure("unknown_tool", "x"), "never"],
    ["denied access", failure("access_denied", "x"), "never"],
    ["a cancelled call", sent("cancelled"), "never"],
    ["a tool that reports an error", toolError, "repeatable"],
    ["an error of the upstream", error(-32_603), "repeatable"],
    ["invalid arguments", error(-32_602), "never"],
  ])("%s is retried: %#", (_name, result, when) => {
    expect([retried(result, false), retried(result, true)]).toEqual([when === "always", when !== "never"]);
  });

  it("retries nothing that may have run and is not declared repeatable, whatever the failure", () => {
    for (const code of Object.keys(FAILURES) as FailureCode[]) expect(retried(sent(code), false), code).toBe(false);
  });

  it("waits longer from attempt to attempt, up to a limit", () => {
    const waits = Array.from({ length: 9 }, (_, done) =>
      retryDelayMs(failure("overloaded", "x"), done + 1, { repeatable: () => false, random: () => 0 }),
    );
    expect(waits).toEqual([50, 100, 200, 400, 800, 1_600, 2_500, 2_500, 2_500]);
  });

  it("waits at least as long as it was asked to, and spreads those who were refused together", () => {
    const refused = failure("circuit_open", "x", 1_000);
    const wait = (random: number) => retryDelayMs(refused, 1, { repeatable: () => false, random: () => random });
    expect([wait(0), wait(0.5)]).toEqual([1_050, 1_075]);
  });
});
