import { FakeClock } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import { Lockout } from "./lockout.ts";

const OPTIONS = { max_failures: 3, first_lock_s: 1, max_lock_s: 60 };

function setUp(): { readonly lockout: Lockout; readonly clock: FakeClock; readonly fail: (times: number) => void } {
  const clock = new FakeClock();
  const lockout = new Lockout(OPTIONS, clock);
  const fail = (times: number): void => {
    for (let time = 0; time < times; time++) lockout.failed("a");
  };
  return { lockout, clock, fail };
}

describe("a lockout", () => {
  it("begins with the last failure that is let pass, and ends by itself", () => {
    const { lockout, clock, fail } = setUp();
    fail(2);
    expect(lockout.lockedMs("a")).toBe(0);
    fail(1);
    expect(lockout.lockedMs("a")).toBe(1_000);
    clock.advance(400);
    expect(lockout.lockedMs("a")).toBe(600);
    expect(lockout.lockedMs("b")).toBe(0);
    clock.advance(600);
    expect(lockout.lockedMs("a")).toBe(0);
  });

  it("doubles with each further failure, up to the longest", () => {
    const { lockout, fail } = setUp();
    const locks = Array.from({ length: 10 }, () => {
      fail(1);
      return lockout.lockedMs("a") / 1_000;
    });
    expect(locks).toEqual([0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
    fail(10_000);
    expect(lockout.lockedMs("a")).toBe(60_000);
  });

  it("is forgotten after a success, and after the longest lock without a failure", () => {
    const { lockout, clock, fail } = setUp();
    fail(5);
    lockout.succeeded("a");
    expect(lockout.lockedMs("a")).toBe(0);
    fail(2);
    clock.advance(60_001);
    fail(1);
    expect(lockout.lockedMs("a")).toBe(0);
  });

  it("remembers ten thousand subjects, and of more those that failed last", () => {
    const { lockout } = setUp();
    for (let index = 0; index < 12_000; index++) {
      for (let time = 0; time < 3; time++) lockout.failed(`address ${index}`);
    }
    expect(lockout.size).toBe(10_000);
    expect(lockout.lockedMs("address 0")).toBe(0);
    expect(lockout.lockedMs("address 11999")).toBe(1_000);
  });
});
