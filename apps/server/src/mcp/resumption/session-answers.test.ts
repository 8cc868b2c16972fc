import { FakeClock, seededRandom } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import type { Encoded } from "../encode.ts";
import type { EventOutput } from "../event-output.ts";
import { AnswerRoom } from "./answer-room.ts";
import type { KeptAnswer } from "./kept-answer.ts";
import { SessionAnswers } from "./session-answers.ts";

const MEBIBYTE = 1_024 * 1_024;

/** An output that remembers what was written, and can be cut off. */
class Written {
  readonly events: string[] = [];
  ended = false;
  #onClose: (() => void)[] = [];

  readonly message = (message: Encoded, id?: string): void => void this.events.push(`${id} ${String(message)}`);
  readonly prime = (id: string): void => void this.events.push(`${id} primed`);
  readonly onClose = (callback: () => void): void => void this.#onClose.push(callback);
  readonly end = (): void => {
    this.ended = true;
    this.cut();
  };

  cut(): void {
    for (const callback of this.#onClose.splice(0)) callback();
  }

  /** As much of an output as an answer uses. */
  get output(): EventOutput {
    return this as unknown as EventOutput;
  }
}

function setUp(bytesMax?: () => number) {
  const clock = new FakeClock();
  const room = new AnswerRoom(bytesMax);
  const answers = new SessionAnswers(room, clock, "ann");
  const begin = (isPrimed = true): { answer: KeptAnswer; first: Written } => {
    const answer = answers.begin(isPrimed);
    if (answer === undefined) throw new Error("nothing is kept");
    const first = new Written();
    answer.begin(first.output);
    return { answer, first };
  };
  const resume = (id: string): Written | undefined => {
    const found = answers.find(id);
    const written = new Written();
    found?.answer.resume(written.output, found.after);
    return found && written;
  };
  return { clock, room, answers, begin, resume };
}

describe("an answer that is kept", () => {
  it("is taken up behind the last event that the client has, and goes on there", () => {
    const { begin, resume } = setUp();
    const { answer, first } = begin();
    answer.send("a");
    answer.send("b");
    first.cut();
    answer.send("c");
    const second = resume("1-1");
    answer.finish("end");
    expect(first.events).toEqual(["1-0 primed", "1-1 a", "1-2 b"]);
    expect(second?.events).toEqual(["1-2 b", "1-3 c", "1-4 end"]);
    expect(second?.ended).toBe(true);
  });

  it("is taken up whole with the id that the client was primed with, also behind its end", () => {
    const { begin, resume } = setUp();
    const { answer, first } = begin();
    first.cut();
    answer.send("a");
    answer.finish("end");
    for (let time = 0; time < 2; time++) {
      const again = resume("1-0");
      expect(again?.events).toEqual(["1-1 a", "1-2 end"]);
      expect(again?.ended).toBe(true);
    }
  });

  it("goes on where it was taken up last, and ends the response that it was written to before", () => {
    const { begin, resume } = setUp();
    const { answer, first } = begin(false);
    answer.send("a");
    const second = resume("1-0");
    expect(first.ended).toBe(true);
    const third = resume("1-1");
    expect(second?.ended).toBe(true);
    answer.finish("end");
    expect([first, second, third].map((each) => each?.events)).toEqual([["1-1 a"], ["1-1 a"], ["1-2 end"]]);
  });

  it("is found by its own ids only", () => {
    const { begin, resume } = setUp();
    begin().answer.send("one");
    begin().answer.send("two");
    expect(resume("2-0")?.events).toEqual(["2-1 two"]);
    for (const id of [
      "3-0",
      "0-0",
      "1",
      "1-",
      "-1",
      "1-x",
      "x",
      "1-1-1",
      " 1-0",
      "1e0-0",
      `${"9".repeat(400)}-0`,
      "__proto__",
    ]) {
      expect(resume(id), id).toBeUndefined();
    }
  });

  it("is kept for five minutes behind its end, and for as long as it lasts", () => {
    const { begin, resume, clock, room } = setUp();
    const { answer } = begin();
    answer.send("a");
    clock.advance(3_600_000);
    answer.finish("end");
    clock.advance(299_999);
    expect(resume("1-1")?.events).toEqual(["1-2 end"]);
    clock.advance(1);
    expect(resume("1-1")).toBeUndefined();
    expect(room.bytes).toBe(0);
  });

  it("keeps the last 256 of its events, of which the answer is one", () => {
    const { begin, resume } = setUp();
    const { answer } = begin();
    for (let event = 1; event <= 1_000; event++) answer.send(`progress ${event}`);
    answer.finish("end");
    const events = resume("1-3")?.events ?? [];
    expect(events).toHaveLength(256);
    expect(events[0]).toBe("1-746 progress 746");
    expect(events.at(-1)).toBe("1-1001 end");
  });

  it("is not taken up when the answer itself is too large to be kept, and lives are not disturbed by that", () => {
    const { begin, resume, room } = setUp();
    const { answer, first } = begin();
    answer.send("a");
    answer.finish([Buffer.alloc(16 * MEBIBYTE, "x")]);
    expect(first.events).toHaveLength(3);
    expect(first.ended).toBe(true);
    expect(resume("1-1")).toBeUndefined();
    expect(room.bytes).toBe(0);
  });

  it("is not kept at all where nothing is to be", () => {
    const { answers } = setUp(() => 0);
    expect(answers.begin(true)).toBeUndefined();
  });

  it("leaves nothing behind when its session ends, whenever it ends itself", () => {
    const { begin, answers, room, resume } = setUp();
    const one = begin().answer;
    const two = begin().answer;
    one.send("a");
    two.finish("b");
    answers.close();
    expect(room.bytes).toBe(0);
    one.send("late");
    one.finish("later");
    expect(room.bytes).toBe(0);
    expect(resume("1-0")).toBeUndefined();
  });
});

describe("room for answers", () => {
  it("is shared by owners: who keeps the most gives way, oldest answers first", () => {
    const room = new AnswerRoom(() => 8_000);
    const clock = new FakeClock();
    const [ann, bob] = ["ann", "bob"].map((owner) => new SessionAnswers(room, clock, owner));
    const say = (answers: SessionAnswers | undefined, text: string): void => {
      const answer = answers?.begin(false);
      answer?.begin(new Written().output);
      answer?.finish(text);
    };
    say(bob, "b".repeat(500));
    for (let count = 0; count < 40; count++) say(ann, "a".repeat(500));
    expect(bob?.find("1-0")).toBeDefined();
    expect(ann?.find("1-0")).toBeUndefined();
    expect(ann?.find("40-0")).toBeDefined();
    expect(room.bytes).toBeLessThanOrEqual(8_000);
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    "is never exceeded, and every byte of it is given back (seed %d)",
    (seed) => {
      const random = seededRandom(seed);
      const clock = new FakeClock();
      const bytesMax = random.pick([2_000, 20_000, 200_000]);
      const room = new AnswerRoom(() => bytesMax);
      const sessions = Array.from({ length: 6 }, (_, n) => new SessionAnswers(room, clock, `owner ${n % 3}`));
      const open: { session: SessionAnswers; answer: KeptAnswer; sent: string[] }[] = [];
      for (let step = 0; step < 400; step++) {
        const session = sessions[random.integer(0, 5)];
        const current = open[random.integer(0, Math.max(0, open.length - 1))];
        const text = `${step} ${"x".repeat(random.integer(0, bytesMax / 4))}`;
        const kind = random.integer(0, 9);
        if (kind < 3 || current === undefined) {
          const answer = session?.begin(random.chance(0.5));
          if (session !== undefined && answer !== undefined) open.push({ session, answer, sent: [] });
        } else if (kind < 7) {
          current.answer.send(text);
          current.sent.push(text);
        } else if (kind < 9) {
          current.answer.finish(text);
          current.sent.push(text);
          open.splice(open.indexOf(current), 1);
          // What is found is a tail of what was sent that has the answer in it.
          const found = current.session.find(`${current.answer.number}-0`);
          const written = new Written();
          found?.answer.resume(written.output, 0);
          const sent = current.sent.map((each, index) => `${current.answer.number}-${index + 1} ${each}`);
          if (found !== undefined) {
            expect(written.events.length).toBeGreaterThan(0);
            expect(sent.slice(-written.events.length)).toEqual(written.events);
          }
        } else clock.advance(random.integer(0, 200_000));
        expect(room.bytes).toBeLessThanOrEqual(bytesMax);
        expect(room.bytes).toBe(sessions.reduce((sum, { bytes }) => sum + bytes, 0));
      }
      for (const session of sessions) session.close();
      expect(room.bytes).toBe(0);
    },
  );
});
