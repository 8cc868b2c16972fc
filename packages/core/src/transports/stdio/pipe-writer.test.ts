import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { PipeWriter } from "./pipe-writer.ts";

/** A pipe that takes nothing until it is told to, and a clock whose turn ends when it is told to. */
class Bench {
  readonly chunks: string[] = [];
  readonly #turns: (() => void)[] = [];
  #release: (() => void) | undefined;
  readonly pipe = new Writable({
    decodeStrings: false,
    highWaterMark: 10,
    write: (chunk: string, _encoding, done) => {
      this.chunks.push(chunk);
      this.#release = done;
    },
  });
  readonly writer: PipeWriter;

  constructor(queueLengthMax = 1_000) {
    this.writer = new PipeWriter(this.pipe, { defer: (callback) => void this.#turns.push(callback) }, queueLengthMax);
  }

  get turns(): number {
    return this.#turns.length;
  }

  endTurn(): void {
    for (const turn of this.#turns.splice(0)) turn();
  }

  async drain(): Promise<void> {
    this.#release?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("writes the lines of one turn in one piece", () => {
  const bench = new Bench();
  for (const line of ["a", "b", "c"]) bench.writer.push(line);
  expect(bench.turns).toBe(1);
  bench.endTurn();
  expect(bench.chunks).toEqual(["a\nb\nc\n"]);
});

test("waits until the pipe drains, and then writes what has gathered", async () => {
  const bench = new Bench();
  bench.writer.push("longer than the pipe");
  bench.endTurn();
  bench.writer.push("b");
  bench.writer.push("c");
  bench.endTurn();
  expect(bench.chunks).toEqual(["longer than the pipe\n"]);
  await bench.drain();
  expect(bench.chunks).toEqual(["longer than the pipe\n", "b\nc\n"]);
});

test("knows what may have left and what certainly has not", async () => {
  const bench = new Bench();
  const first = bench.writer.push("longer than the pipe") ?? 0;
  expect(bench.writer.isWritten(first)).toBe(false);
  bench.endTurn();
  expect(bench.writer.isWritten(first)).toBe(true);
  const second = bench.writer.push("b") ?? 0;
  bench.endTurn();
  expect(bench.writer.isWritten(second)).toBe(false);
  await bench.drain();
  expect(bench.writer.isWritten(second)).toBe(true);
});

test("refuses what does not fit into the queue, but never a line that would wait alone", () => {
  const bench = new Bench(10);
  expect(bench.writer.push("a line longer than the queue")).toBeDefined();
  expect(bench.writer.push("b")).toBeUndefined();
  bench.endTurn();
  expect(bench.writer.push("123456789")).toBeDefined();
  expect(bench.writer.push("x")).toBeUndefined();
});

test("writes nothing to a pipe that is gone", () => {
  const bench = new Bench();
  bench.pipe.destroy();
  bench.writer.push("a");
  bench.endTurn();
  expect(bench.chunks).toEqual([]);
  expect(bench.writer.isWritten(1)).toBe(false);
});
