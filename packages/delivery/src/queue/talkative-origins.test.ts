import { registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { FakeClock, seededRandom } from "../testing/index.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import { TalkativeOrigins } from "./talkative-origins.ts";

/** A record of an origin, or of none: then it matters. */
interface Entry {
  readonly number: number;
  readonly origin: string | undefined;
}

const CAPACITY = 1_000;

function make() {
  const clock = new FakeClock();
  const sent: Entry[] = [];
  const queue = new DeliveryQueue<Entry>({
    exporter: registeredName("test"),
    signal: "log",
    send: async (batch) => {
      sent.push(...batch);
      return { kind: "delivered" };
    },
    sizeOf: () => 1,
    limits: { recordsMax: CAPACITY, bytesMax: CAPACITY },
    batch: { recordsMax: 2 * CAPACITY, bytesMax: 2 * CAPACITY, delayMs: 100 },
    attemptTimeoutMs: 1_000,
    retry: { baseMs: 1, maxMs: 1 },
    room: new TalkativeOrigins<Entry>(({ origin }) => origin),
    clock,
    random: () => 0.5,
  });
  let made = 0;
  const offer = (origin: string | undefined, count = 1): readonly Entry[] =>
    Array.from({ length: count }, () => {
      made += 1;
      const entry = { number: made, origin };
      queue.offer(entry);
      return entry;
    });
  return { clock, sent, queue, offer };
}

describe("a full queue", () => {
  it("drops the latest records of the origin with most, for records that matter and for those of others", async () => {
    const { clock, sent, queue, offer } = make();
    const chatty = offer("chatty", CAPACITY + 100);
    const others = [...offer(undefined), ...offer("quiet"), ...offer(undefined)];
    expect(queue.snapshot()).toMatchObject({ queueSize: CAPACITY, dropped: { queue_full: 103 } });
    await clock.advance(100);
    expect(sent).toEqual([...chatty.slice(0, CAPACITY - 3), ...others]);
  });

  it("drops what is offered when everything in it matters", async () => {
    const { clock, sent, offer } = make();
    offer(undefined, CAPACITY);
    offer("quiet");
    offer(undefined);
    await clock.advance(100);
    expect(sent.map(({ number }) => number)).toEqual(Array.from({ length: CAPACITY }, (_each, index) => index + 1));
  });

  it("lets no origin drive out one that is about as talkative", async () => {
    const { clock, sent, offer } = make();
    offer("one", CAPACITY / 2);
    offer("two", CAPACITY);
    await clock.advance(100);
    expect(sent.filter(({ origin }) => origin === "one")).toHaveLength(CAPACITY / 2);
  });
});

it("whatever comes, the order is kept, and a record that matters is dropped only where no other waits", async () => {
  const random = seededRandom(5);
  const { clock, sent, queue, offer } = make();
  const offered: Entry[] = [];
  for (let step = 0; step < 300; step++) {
    for (let burst = Math.floor(random() * 60); burst > 0; burst--) {
      offered.push(...offer(["chatty", "chatty", "other", undefined][Math.floor(random() * 4)]));
    }
    if (random() < 0.03) await clock.advance(100);
  }
  await clock.advance(200);
  const numbers = sent.map(({ number }) => number);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  const matters = ({ origin }: Entry): boolean => origin === undefined;
  expect(sent.filter(matters)).toEqual(offered.filter(matters));
  expect(queue.snapshot().dropped.queue_full).toBe(offered.length - sent.length);
  expect(offered.length - sent.length).toBeGreaterThan(1_000);
});
