import { expect, test } from "vitest";
import { poll } from "../src/poll.ts";

test("a condition that holds is found by the first look", async () => {
  let looks = 0;
  expect(await poll("it", () => ++looks)).toBe(1);
});

test("looking goes on after `undefined`, `false` and errors", async () => {
  const answers = [
    () => undefined,
    () => false as const,
    () => {
      throw new Error("not yet");
    },
    () => "here",
  ];
  expect(await poll("it", () => answers.shift()?.())).toBe("here");
});

test("what never holds fails with what was awaited and why the last look failed", async () => {
  const failed = poll(
    "it",
    () => {
      throw new Error("not yet");
    },
    30,
  );
  await expect(failed).rejects.toMatchObject({
    message: "waited 30 ms in vain for it",
    cause: { message: "not yet" },
  });
});

test("there is a look after the deadline, however late it comes", async () => {
  let looks = 0;
  // The first look takes longer than there is time; the second one finds it.
  const slow = async (): Promise<boolean> => {
    looks += 1;
    if (looks === 1) await new Promise((resolve) => setTimeout(resolve, 20));
    return looks === 2;
  };
  expect(await poll("it", slow, 1)).toBe(true);
});
