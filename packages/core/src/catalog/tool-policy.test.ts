import { describe, expect, it } from "vitest";
import { toolFilter } from "./tool-policy.ts";

describe("a policy on tools", () => {
  it("lets everything by when there is none", () => {
    expect(toolFilter(undefined)("x".repeat(2_000))).toBe(true);
    expect(toolFilter({})("drop_table")).toBe(true);
  });

  it("shows what is allowed and not denied", () => {
    const visible = toolFilter({ allow: ["get_*", "drop_table"], deny: ["*_table"] });
    expect(["get_user", "get_table", "drop_table", "put_user"].filter(visible)).toEqual(["get_user"]);
  });

  it("hides a name that is too long to be looked at, also where only some are denied", () => {
    expect(toolFilter({ deny: ["drop_*"] })(`drop_${"x".repeat(2_000)}`)).toBe(false);
  });

  it("takes a bounded number of steps for a name, and hides one that needs more", () => {
    const globs = Array.from({ length: 1_000 }, (_, index) => `*${"a?".repeat(60)}b${index}`);
    expect(toolFilter({ deny: globs })("a".repeat(250))).toBe(false);
    expect(toolFilter({ deny: globs })("get_user")).toBe(true);
    const honest = Array.from({ length: 500 }, (_, index) => `*internal_${index}_*`);
    expect(toolFilter({ deny: honest })("get_user_by_name_and_address")).toBe(true);
  });
});
