import { describe, expect, it } from "vitest";
import { Turns } from "./turns.ts";

describe("work of one subject", () => {
  it("runs one at a time and in order, while other subjects go on, and nothing is left of it", async () => {
    const turns = new Turns();
    const running = new Map<string, number>();
    const order: string[] = [];
    const work = (subject: string, index: number) => async (): Promise<string> => {
      running.set(subject, (running.get(subject) ?? 0) + 1);
      expect(running.get(subject)).toBe(1);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      running.set(subject, 0);
      order.push(`${subject}${index}`);
      if (index === 1) throw new Error("no");
      return `${subject}${index}`;
    };
    const asked = ["a", "b"].flatMap((subject) =>
      Array.from({ length: 4 }, (_, index) => turns.take(subject, work(subject, index))),
    );
    const settled = await Promise.allSettled(asked);
    expect(settled.map(({ status }) => status === "fulfilled")).toEqual([
      true,
      false,
      true,
      true,
      true,
      false,
      true,
      true,
    ]);
    expect(order.filter((each) => each.startsWith("a"))).toEqual(["a0", "a1", "a2", "a3"]);
    expect(order.slice(0, 2).toSorted()).toEqual(["a0", "b0"]);
    await expect.poll(() => turns.size, { timeout: 60_000 }).toBe(0);
  });
});
