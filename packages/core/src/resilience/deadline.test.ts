import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { type Deadline, startDeadline } from "./deadline.ts";

describe("startDeadline", () => {
  it("aborts when the time is up, not before", () => {
    const clock = new FakeClock();
    const deadline = startDeadline(clock, 1_000);
    clock.advance(999);
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(1);
    expect(deadline.signal.aborted).toBe(true);
    expect(deadline.timedOut()).toBe(true);
    expect(deadline.signal.reason).toMatchObject({ name: "TimeoutError" });
  });

  it("aborts with the caller's reason when the caller leaves first", () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    const deadline = startDeadline(clock, 1_000, caller.signal);
    const reason = new Error("left");
    caller.abort(reason);
    expect(deadline.signal.reason).toBe(reason);
    expect(deadline.timedOut()).toBe(false);
    clock.advance(2_000);
    expect(deadline.timedOut()).toBe(false);
  });

  it("keeps the first cause when the caller leaves after the deadline", () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    const deadline = startDeadline(clock, 1_000, caller.signal);
    clock.advance(1_000);
    caller.abort();
    expect(deadline.timedOut()).toBe(true);
    expect(deadline.signal.reason).toMatchObject({ name: "TimeoutError" });
  });

  it("is aborted from the start when the caller has left or no time remains", () => {
    const clock = new FakeClock();
    const left = startDeadline(clock, 1_000, AbortSignal.abort("gone"));
    expect([left.signal.aborted, left.signal.reason, left.timedOut()]).toEqual([true, "gone", false]);
    const late = startDeadline(clock, 0);
    expect([late.signal.aborted, late.timedOut()]).toEqual([true, true]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("never aborts once disposed", () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    const deadline = startDeadline(clock, 1_000, caller.signal);
    deadline.dispose();
    deadline.dispose();
    clock.advance(5_000);
    caller.abort();
    expect(deadline.signal.aborted).toBe(false);
    expect(deadline.timedOut()).toBe(false);
  });

  it.each([
    ["disposed", (_clock: FakeClock, dispose: () => void) => dispose()],
    ["timed out", (clock: FakeClock) => clock.advance(1_000)],
  ])("leaves neither timer nor listener when %s", (_name, end) => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const deadline = startDeadline(clock, 1_000, signal);
    expect([clock.pendingTimers, getEventListeners(signal, "abort").length]).toEqual([1, 1]);
    end(clock, () => deadline.dispose());
    expect([clock.pendingTimers, getEventListeners(signal, "abort").length]).toEqual([0, 0]);
  });

  it("leaves no timer when the caller leaves", () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    startDeadline(clock, 1_000, caller.signal);
    caller.abort();
    expect(clock.pendingTimers).toBe(0);
  });

  it("lets a caller have a hundred deadlines without a warning", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { signal } = new AbortController();
    for (let i = 0; i < 100; i++) startDeadline(new FakeClock(), 1_000, signal);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it("does not fire at once when the time is longer than a timer can be", () => {
    const clock = new FakeClock();
    const schedule = vi.spyOn(clock, "schedule");
    startDeadline(clock, Number.POSITIVE_INFINITY);
    expect(schedule.mock.calls[0]?.[0]).toBe(2 ** 31 - 1);
  });

  it("stands still while anybody has stopped it, and goes on with what was left", () => {
    const clock = new FakeClock();
    const deadline = startDeadline(clock, 1_000);
    clock.advance(400);
    const [goOn, goOnToo] = [deadline.pause(), deadline.pause()];
    clock.advance(60_000);
    goOn();
    goOn();
    clock.advance(60_000);
    expect(deadline.signal.aborted).toBe(false);
    goOnToo();
    clock.advance(599);
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(1);
    expect([deadline.signal.aborted, deadline.passed, clock.pendingTimers]).toEqual([true, "time", 0]);
  });

  it("begins its time anew whenever it is extended", () => {
    const clock = new FakeClock();
    const deadline = startDeadline(clock, 1_000);
    for (let i = 0; i < 20; i++) {
      clock.advance(900);
      deadline.extend();
    }
    expect([deadline.signal.aborted, clock.pendingTimers]).toEqual([false, 1]);
    const goOn = deadline.pause();
    deadline.extend();
    clock.advance(5_000);
    goOn();
    clock.advance(999);
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(1);
    expect([deadline.signal.aborted, deadline.passed]).toEqual([true, "silence"]);
  });

  it.each([
    ["is extended", (deadline: Deadline) => deadline.extend()],
    ["stands still", (deadline: Deadline) => void deadline.pause()],
  ])("passes at its limit, however often it %s", (_name, act) => {
    const clock = new FakeClock();
    const deadline = startDeadline(clock, 1_000, undefined, 2_500);
    for (let i = 0; i < 5; i++) {
      clock.advance(499);
      act(deadline);
    }
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(5);
    expect([deadline.signal.aborted, deadline.passed, clock.pendingTimers]).toEqual([true, "limit", 0]);
  });

  it("starts no timer when it goes on after its end", () => {
    const clock = new FakeClock();
    const deadline = startDeadline(clock, 1_000);
    const goOn = deadline.pause();
    deadline.dispose();
    goOn();
    deadline.extend();
    clock.advance(5_000);
    expect([deadline.signal.aborted, clock.pendingTimers]).toEqual([false, 0]);
  });
});
