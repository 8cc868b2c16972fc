import type { SendOutcome } from "@mcp-hangar/delivery";
import { expect, test } from "vitest";
import { refusedAlone } from "./refused-alone.ts";

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_each, at) => at);

/** Refuses batches that hold one of `poison`, and takes the others. */
function receiver(poison: readonly number[], isDown: (call: number) => boolean = () => false) {
  const taken: number[] = [];
  let calls = 0;
  const send = refusedAlone((batch: readonly number[]): Promise<SendOutcome> => {
    calls += 1;
    if (isDown(calls))
      return Promise.resolve({ kind: "retry", reason: "connection", retryAfterMs: 7, message: "down" });
    if (batch.some((each) => poison.includes(each))) return Promise.resolve({ kind: "rejected", message: "bad" });
    taken.push(...batch);
    return Promise.resolve({ kind: "delivered" });
  });
  return { taken, send, calls: () => calls };
}

const { signal } = new AbortController();

test("a batch that is taken is sent once", async () => {
  const { taken, send, calls } = receiver([]);
  expect(await send(numbers(10), signal)).toEqual({ kind: "delivered" });
  expect([taken, calls()]).toEqual([numbers(10), 1]);
});

test.each([[[0]], [[9]], [[3, 4]], [[0, 5, 9]]])(
  "of ten, %j are refused, and the others arrive in order",
  async (poison) => {
    const { taken, send } = receiver(poison);
    expect(await send(numbers(10), signal)).toEqual({
      kind: "partial",
      rejected: poison.length,
      retry: [],
      reason: "rejected",
      message: "bad",
    });
    expect(taken).toEqual(numbers(10).filter((each) => !poison.includes(each)));
  },
);

test("a batch of which every record is refused is refused", async () => {
  const { send } = receiver(numbers(4));
  expect(await send(numbers(4), signal)).toEqual({ kind: "rejected", message: "bad" });
});

test("what comes after a part that has to be sent again is not sent before it", async () => {
  // The whole is refused, then its first half is taken, and the second fails.
  const { taken, send } = receiver([9], (call) => call === 3);
  expect(await send(numbers(10), signal)).toEqual({
    kind: "partial",
    rejected: 0,
    retry: [5, 6, 7, 8, 9],
    reason: "connection",
    retryAfterMs: 7,
    message: "down",
  });
  expect(taken).toEqual(numbers(5));
});

test("when the first half fails, nothing of the second is sent", async () => {
  const { taken, send, calls } = receiver([9], (call) => call === 2);
  expect(await send(numbers(10), signal)).toMatchObject({ kind: "partial", rejected: 0, retry: numbers(10) });
  expect([taken, calls()]).toEqual([[], 2]);
});

test("an attempt that has been given up divides no more", async () => {
  const controller = new AbortController();
  const send = refusedAlone((): Promise<SendOutcome> => {
    controller.abort();
    return Promise.resolve({ kind: "rejected", message: "bad" });
  });
  expect(await send(numbers(4), controller.signal)).toMatchObject({ kind: "partial", rejected: 0, retry: numbers(4) });
});
