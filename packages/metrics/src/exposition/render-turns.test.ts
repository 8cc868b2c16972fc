import { expect, test } from "vitest";
import { RenderTurns } from "./render-turns.ts";

test("renders one after the other, whether or not the one before failed", async () => {
  const turns = new RenderTurns<number>();
  let running = 0;
  let most = 0;
  const render = (number: number) => async () => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    running -= 1;
    if (number % 2 === 1) throw new Error(`failed ${number}`);
    return number;
  };
  const settled = await Promise.allSettled([0, 1, 2, 3].map((number) => turns.take(render(number), undefined)));
  expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
  expect(most).toBe(1);
});

test("requests for the same share what begins after all of them, and never what has begun", async () => {
  const turns = new RenderTurns<number>();
  let rendered = 0;
  const release = Promise.withResolvers<void>();
  const render = async () => {
    rendered += 1;
    const number = rendered;
    await release.promise;
    return number;
  };
  const first = turns.take(render, "text");
  await Promise.resolve();
  expect(rendered).toBe(1);
  const later = [turns.take(render, "text"), turns.take(render, "other"), turns.take(render, "text")];
  later.push(turns.take(render, undefined), turns.take(render, undefined));
  release.resolve();
  expect(await first).toBe(1);
  expect(await Promise.all(later)).toEqual([2, 3, 2, 4, 5]);
});
