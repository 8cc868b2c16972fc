import { expect, it } from "vitest";
import { fakePlatform } from "./fake-platform.ts";

it("gives the same chance and the same ids for one seed", () => {
  const [first, second] = [fakePlatform({ seed: 5 }), fakePlatform({ seed: 5 })];
  expect([first.random(), first.random()]).toEqual([second.random(), second.random()]);
  expect([first.uuid(), first.uuid()]).toEqual([second.uuid(), second.uuid()]);
});

it("makes ids of version 4 that differ", () => {
  const platform = fakePlatform();
  const [first, second] = [platform.uuid(), platform.uuid()];
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(second).not.toBe(first);
});

it("runs no processes, unless a test brings its own way to", () => {
  expect(() => fakePlatform().spawn("ls", [], {})).toThrow("ls");
  expect(fakePlatform().kill(1, "SIGTERM")).toBe(false);
  expect(fakePlatform({ kill: () => true, env: { HOME: "/home" } })).toMatchObject({ env: { HOME: "/home" } });
});
