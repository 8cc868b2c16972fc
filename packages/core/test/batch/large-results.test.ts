import { registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { resultReply } from "../../src/testing/index.ts";
import type { UpstreamReply } from "../../src/transports/session.ts";
import { answers } from "../fake-answers.ts";
import { call, times, useBench } from "./bench.ts";

const use = useBench();

describe("a large result", () => {
  const caller = { type: "api_key", id: registeredName("alice"), roles: [], credential: "api_key:1" } as const;
  const text = (length: number): UpstreamReply =>
    resultReply({ content: [{ type: "text", text: "x".repeat(length) }] });
  const sized = answers(({ params }) => text(Number((params.arguments as { readonly size: number }).size)));
  const ofSize = (size: number): object => call("a", { arguments: { size } });

  it("is kept for its caller, and for nobody else", async () => {
    const bench = use({ a: { reply: sized } });
    const [report] = await bench.run({ calls: [ofSize(10), ofSize(150_000)] }, { caller });
    expect(report.results).toMatchObject([
      { result: { content: [{ type: "text" }] } },
      { success: true, result: null },
    ]);
    const { truncated } = report.results[1] ?? {};
    expect(truncated).toMatchObject({ total_chars: expect.any(Number), expires_in_s: 300 });
    expect(truncated?.preview).toHaveLength(500);
    const id = truncated?.continuation_id ?? "none";
    const whole = { offset: 0, limit: 1_000_000 };
    const kept = JSON.parse(bench.continuations.fetch(caller.credential, id, whole)?.content ?? "") as unknown;
    expect(kept).toEqual({ content: [{ type: "text", text: "x".repeat(150_000) }] });
    // Neither does it belong to another key of the same name, nor to the name itself.
    for (const other of ["api_key:2", "api_key:alice", "alice", ""]) {
      expect(bench.continuations.fetch(other, id, whole)).toBeUndefined();
      expect(bench.continuations.delete(other, id)).toBe(false);
    }
  });

  it("makes way for smaller ones when all together are too many", async () => {
    const bench = use({ a: { reply: sized } });
    const [report] = await bench.run({ calls: times(20, (index) => ofSize(index < 18 ? 60_000 : 90_000)) }, { caller });
    const truncated = report.results.filter((item) => item.truncated !== undefined).map(({ index }) => index);
    expect(truncated).toEqual(expect.arrayContaining([18, 19]));
    expect(JSON.stringify(report).length).toBeLessThan(1_020_000);
    expect(JSON.stringify(report).length).toBeGreaterThan(900_000);
  });

  it("is not silently lost when there is no room for it", async () => {
    const bench = use({ a: { reply: sized } });
    while (bench.continuations.put(caller.credential, "x") !== undefined);
    const [report] = await bench.run({ calls: [ofSize(150_000)] }, { caller });
    expect(report.results[0]?.truncated).toMatchObject({
      continuation_id: null,
      note: expect.stringContaining("no room"),
    });
  });
});
