import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Exporter, Sensitive } from "@mcp-hangar/telemetry";
import { poll } from "@mcp-hangar/testing";
import { type LangfuseBehaviour, LangfuseReceiver } from "@mcp-hangar/testing/langfuse";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Langfuse, type LangfuseOptions } from "../src/index.ts";
import { attempt, callEvent, fastClock, relayed } from "./call-events.ts";

const SPEED = 10;
const CALLS = 300;
/** What is left of the scores of a call, whatever becomes of it. */
const SCORES_A_CALL = 2;

let receiver: LangfuseReceiver;
beforeEach(async () => {
  receiver = await LangfuseReceiver.start();
});
afterEach(() => receiver.close());

function start(options: Partial<LangfuseOptions> = {}): Langfuse {
  const { publicKey, secretKey } = LangfuseReceiver;
  const time = { clock: fastClock(SPEED), random: Math.random };
  return new Langfuse({ publicKey, secretKey, host: receiver.url, ...time, ...options });
}

interface Accounts {
  readonly delivered: number;
  readonly dropped: number;
  readonly queued: number;
  /** All three, which must be what was offered. */
  readonly sum: number;
}

function accountsOf(exporter: Pick<Exporter, "snapshot"> | undefined): Accounts {
  const snapshot = exporter?.snapshot?.();
  if (snapshot === undefined) throw new Error("an exporter without accounts");
  const { delivered, queueSize: queued } = snapshot;
  const dropped = Object.values(snapshot.dropped).reduce((sum, count) => sum + count, 0);
  return { delivered, dropped, queued, sum: delivered + dropped + queued };
}

/** Offers calls, a few at a time, and checks the accounts after each of them. */
async function offer(langfuse: Langfuse, calls = CALLS): Promise<void> {
  for (let call = 1; call <= calls; call++) {
    langfuse.listener(callEvent());
    expect(accountsOf(langfuse).sum).toBe(call);
    if (call % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const FAULTS: readonly (readonly [name: string, behaviour: LangfuseBehaviour, reason: string])[] = [
  ["hangs", { kind: "hang" }, "timeout"],
  ["breaks connections off", { kind: "reset" }, "connection"],
  ["answers 500", { kind: "refuse", status: 500 }, "rejected"],
  ["answers 401", { kind: "refuse", status: 401 }, "rejected"],
  ["asks to be left alone", { kind: "refuse", status: 429, retryAfter: "1" }, "rejected"],
];

describe.each(FAULTS)("a Langfuse that %s", (_name, behaviour, reason) => {
  it("costs no record while there is room, and none afterwards", async () => {
    receiver.behave(behaviour);
    const langfuse = start();
    await offer(langfuse);
    await poll("a failed attempt", () => (langfuse.snapshot().failures[reason as "timeout"] ?? 0) > 0);
    expect(accountsOf(langfuse)).toMatchObject({ delivered: 0, dropped: 0, queued: CALLS });
    expect(langfuse.health().status).toBe("degraded");
    receiver.behave({ kind: "accept" });
    await poll("everything to arrive", () => accountsOf(langfuse).queued + accountsOf(langfuse.scores).queued === 0);
    expect(accountsOf(langfuse)).toMatchObject({ delivered: CALLS, dropped: 0 });
    expect(accountsOf(langfuse.scores)).toMatchObject({ delivered: CALLS * SCORES_A_CALL, dropped: 0 });
    // At least once: what was answered too late has come twice, under the same id.
    expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(CALLS);
    expect(new Set(receiver.scores.map(({ id }) => id)).size).toBe(CALLS * SCORES_A_CALL);
    expect(langfuse.health()).toEqual({ status: "healthy" });
    expect(receiver.refusals).toEqual([]);
    await langfuse.close(1_000);
  });

  it("does not hold up the end, and what it costs then is counted", async () => {
    receiver.behave(behaviour);
    const langfuse = start();
    await offer(langfuse, 50);
    // Only the deadline ends it: otherwise records are tried for ten minutes.
    await langfuse.close(2_000);
    expect(accountsOf(langfuse)).toMatchObject({ queued: 0, sum: 50 });
    expect(langfuse.snapshot().dropped.shutdown).toBe(50);
    expect(accountsOf(langfuse.scores)).toMatchObject({ delivered: 0, queued: 0 });
    langfuse.listener(callEvent());
    expect(langfuse.snapshot().dropped.shutdown).toBe(51);
  });
});

it("a Langfuse that is not there at first gets everything when it comes", async () => {
  const { port } = receiver;
  const langfuse = start();
  await receiver.close();
  await offer(langfuse, 40);
  await poll("a refused connection", () => (langfuse.snapshot().failures.connection ?? 0) > 0);
  expect(langfuse.health()).toMatchObject({ message: expect.stringContaining("ECONNREFUSED") });
  receiver = await LangfuseReceiver.start(port);
  await poll("all observations", () => accountsOf(langfuse).delivered === 40);
  await langfuse.close(1_000);
});

it("a web page in the place of Langfuse has taken nothing", async () => {
  const page = createServer((_, response) => response.setHeader("content-type", "text/html").end("<h1>Log in</h1>"));
  await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
  // It listens on a port.
  const langfuse = start({ host: `http://127.0.0.1:${(page.address() as AddressInfo).port}` });
  try {
    await offer(langfuse, 20);
    await poll("a failed attempt", () => (langfuse.snapshot().failures.rejected ?? 0) > 0);
    expect(accountsOf(langfuse)).toMatchObject({ delivered: 0, dropped: 0, queued: 20 });
    expect(accountsOf(langfuse.scores)).toMatchObject({ delivered: 0, dropped: 0 });
    expect(langfuse.health()).toMatchObject({ message: expect.stringContaining("a web page answers") });
    expect(await langfuse.checkKeys(30_000)).toMatchObject({ kind: "unknown" });
  } finally {
    await langfuse.close(0);
    page.closeAllConnections();
    page.close();
  }
});

it("a slow Langfuse gets everything, one request of observations at a time", async () => {
  receiver.behave({ kind: "slow", delayMs: 30 });
  const langfuse = start();
  await offer(langfuse);
  await poll("everything to arrive", () => accountsOf(langfuse).queued + accountsOf(langfuse.scores).queued === 0);
  expect(accountsOf(langfuse)).toMatchObject({ delivered: CALLS, dropped: 0 });
  await langfuse.close(1_000);
});

it("what Langfuse refuses for good is dropped and counted, and a redirect is not followed with the keys", async () => {
  receiver.behave({ kind: "refuse", status: 307, location: `${receiver.url}/elsewhere` });
  const langfuse = start();
  await offer(langfuse, 10);
  await langfuse.flush(60_000 * SPEED);
  expect(langfuse.snapshot().dropped.rejected).toBe(10);
  expect(langfuse.scores?.snapshot().dropped.rejected).toBe(20);
  expect(langfuse.health()).toMatchObject({ message: expect.stringContaining("set the host") });
  expect(Object.keys(receiver.requests).toSorted()).toEqual(["/api/public/otel/v1/traces", "/api/public/scores"]);
  await langfuse.close(1_000);
});

it("scores that are refused one by one cost no others", async () => {
  const langfuse = start();
  const score = { traceId: "0af7651916cd43dd8448eb211c80319c", name: "mine", dataType: "NUMERIC", value: 1 } as const;
  for (let index = 0; index < 10; index++) langfuse.score({ ...score, id: `score-${index}` });
  // Infinity is null in JSON, which the published schema does not admit.
  langfuse.score({ ...score, id: "impossible", value: Number.POSITIVE_INFINITY });
  await langfuse.flush(60_000 * SPEED);
  expect(receiver.scores.map(({ id }) => id).toSorted()).toEqual(
    Array.from({ length: 10 }, (_each, n) => `score-${n}`),
  );
  expect(accountsOf(langfuse.scores)).toMatchObject({ delivered: 10, dropped: 1, queued: 0 });
  await langfuse.close(1_000);
});

it("scores go at a pace that leaves the processor to calls, and what is too much for it is sampled, not lost", async () => {
  const langfuse = start({ clock: fastClock(1), limits: { recordsMax: 400 } });
  for (let call = 1; call <= 300; call++) {
    langfuse.listener(callEvent());
    if (call % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await poll("all calls to be encoded", () => accountsOf(langfuse.scores).sum === 300 * SCORES_A_CALL);
  const { dropped } = langfuse.scores?.snapshot() ?? {};
  expect(dropped).toMatchObject({ queue_full: 0, rejected: 0 });
  // Half of the room is for those that wait.
  expect(dropped?.sampled).toBeGreaterThanOrEqual(300 * SCORES_A_CALL - 200 - 100);
  await langfuse.close(30_000);
  expect(accountsOf(langfuse.scores)).toMatchObject({ queued: 0, sum: 300 * SCORES_A_CALL });
  expect(langfuse.scores?.snapshot().dropped.shutdown).toBe(0);
  expect(langfuse.snapshot()).toMatchObject({ delivered: 300 });
});

describe("what waits", () => {
  const captured = { scrubInputs: false, scrubOutputs: false, scores: false } as const;
  const text = (length: number): object => relayed({ content: [{ type: "text", text: "x".repeat(length) }] });

  it("is bounded in bytes, and what finds no room is counted", async () => {
    receiver.behave({ kind: "hang" });
    const limits = { bytesMax: 300_000, recordsMax: 1_000 };
    const langfuse = start({ ...captured, limits });
    for (let call = 1; call <= 200; call++) {
      // Every other one says less of its size than it has.
      const attempts = [attempt({ responseBytes: call % 2 === 0 ? 10_100 : 100 })];
      langfuse.listener(callEvent({ attempts, result: new Sensitive<unknown>(text(9_900)) }));
      expect(langfuse.queuedBytes).toBeLessThanOrEqual(limits.bytesMax);
      expect(accountsOf(langfuse).sum).toBe(call);
      if (call % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await langfuse.flush(1);
    expect(langfuse.queuedBytes).toBeLessThanOrEqual(limits.bytesMax);
    expect(langfuse.snapshot().dropped.queue_full).toBeGreaterThan(100);
    expect(accountsOf(langfuse)).toMatchObject({ sum: 200 });
    expect(accountsOf(langfuse).queued).toBeGreaterThan(10);
    await langfuse.close(10);
  });

  it("is bounded in records, those that are not yet encoded among them", () => {
    const langfuse = start({ limits: { recordsMax: 20 } });
    for (let call = 1; call <= 30; call++) langfuse.listener(callEvent());
    expect(langfuse.snapshot()).toMatchObject({ queueSize: 20, queueCapacity: 20, dropped: { queue_full: 10 } });
  });

  it("keeps no arguments and no result alive, neither those that are captured nor those that are not", async () => {
    setFlagsFromString("--expose-gc");
    // The flag puts the function into contexts that are made from now on.
    const collectGarbage = runInNewContext("gc") as () => void;
    receiver.behave({ kind: "hang" });
    for (const options of [captured, { scores: false }]) {
      const langfuse = start(options);
      const payloads = ((): readonly WeakRef<object>[] => {
        const [input, output] = [{ city: "Paris" }, text(100)];
        langfuse.listener(
          callEvent({ arguments: new Sensitive<unknown>(input), result: new Sensitive<unknown>(output) }),
        );
        return [new WeakRef(input), new WeakRef(output)];
      })();
      await poll("the payload to be collected", () => {
        collectGarbage();
        return payloads.every((payload) => payload.deref() === undefined);
      });
      expect(accountsOf(langfuse).queued).toBe(1);
      await langfuse.close(10);
    }
  });
});
