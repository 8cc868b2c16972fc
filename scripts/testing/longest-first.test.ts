import { expect, it } from "vitest";
import { inTurn, type Turn } from "./longest-first.ts";

const shared = (project: string, seconds: number): Turn => ({ project, isAlone: false, seconds });
const alone = (project: string, seconds: number): Turn => ({ project, isAlone: true, seconds });

it("starts the longest first", () => {
  const files = [shared("unit", 2), shared("unit", 9), shared("unit", 4)];
  expect(inTurn(files, (file) => file).map(({ seconds }) => seconds)).toEqual([9, 4, 2]);
});

it("keeps files together that can share a process, the project with the longest of them first", () => {
  const files = [shared("unit", 5), shared("process", 1), alone("long", 3), shared("process", 8), alone("live", 60)];
  expect(inTurn(files, (file) => file).map(({ project, seconds }) => [project, seconds])).toEqual([
    ["live", 60],
    ["long", 3],
    ["process", 8],
    ["process", 1],
    ["unit", 5],
  ]);
});

it("leaves files of which it knows nothing in the order in which they came", () => {
  const files = ["b", "a", "c"];
  expect(inTurn(files, () => shared("unit", 1))).toEqual(files);
});
