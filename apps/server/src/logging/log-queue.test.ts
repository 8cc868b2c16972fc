import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodePlatform } from "@mcp-hangar/core";
import { FakeClock } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import type { LogLine } from "./line.ts";
import { LineOutput, type OutputFailure } from "./line-output.ts";
import { LogQueue, QUEUE_CAPACITY } from "./log-queue.ts";

/** Where every Unix has it. */
const MKFIFO = "/usr/bin/mkfifo";

const line = (event: string): LogLine => ({
  kind: "line",
  timeMs: 0,
  level: "info",
  event,
  fields: {},
  trace: undefined,
});
const format = ({ event }: LogLine): string => `${event}\n`;

/** An output in memory whose writes wait, succeed or fail as told. */
class FakeOutput {
  readonly batches: string[] = [];
  readonly failures: (OutputFailure | undefined)[] = [];
  usable = true;
  #gate: Promise<void> = Promise.resolve();

  stall(): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gate = gate.promise;
    return gate.resolve;
  }

  async write(bytes: Buffer): Promise<OutputFailure | undefined> {
    await this.#gate;
    const failure = this.failures.shift();
    if (failure?.final === true) this.usable = false;
    if (bytes.length > 0 && failure?.final !== true) this.batches.push(bytes.toString());
    return failure;
  }

  writeNow(bytes: Buffer): void {
    this.batches.push(bytes.toString());
  }
}

function make(): { clock: FakeClock; output: FakeOutput; queue: LogQueue } {
  const clock = new FakeClock();
  const output = new FakeOutput();
  // The queue uses nothing but the public methods, which the fake has.
  const queue = new LogQueue(format, [{ output: output as unknown as LineOutput, human: undefined }], clock);
  return { clock, output, queue };
}

describe("the log queue", () => {
  it("formats and writes nothing on the caller's time, then one write for all", async () => {
    const { clock, output, queue } = make();
    for (let index = 0; index < 100; index++) queue.push(line(`l${index}`));
    expect(output.batches).toEqual([]);
    await clock.advanceAsync(10);
    expect(output.batches).toHaveLength(1);
    expect(output.batches[0]?.split("\n")).toHaveLength(101);
  });

  it("counts what does not fit, and loses no line uncounted", async () => {
    const { clock, output, queue } = make();
    const release = output.stall();
    const pushed = QUEUE_CAPACITY + 500;
    for (let index = 0; index < pushed; index++) queue.push(line("x"));
    await clock.advanceAsync(10);
    expect(queue.snapshot()).toMatchObject({ delivered: 0, queueSize: QUEUE_CAPACITY, dropped: { queue_full: 500 } });
    release();
    await queue.close(1_000);
    expect(queue.snapshot()).toMatchObject({ delivered: QUEUE_CAPACITY, queueSize: 0, dropped: { queue_full: 500 } });
    expect(output.batches.join("").split("\n")).toHaveLength(QUEUE_CAPACITY + 1);
  });

  it("goes on after a line that arrived while another was being written", async () => {
    const { clock, output, queue } = make();
    for (let round = 0; round < 50; round++) {
      queue.push(line(`a${round}`));
      await clock.advanceAsync(10);
      queue.push(line(`b${round}`));
    }
    await clock.advanceAsync(10);
    expect(output.batches.join("").split("\n")).toHaveLength(101);
  });

  it("tries again after a full disk, without writing twice", async () => {
    const { clock, output, queue } = make();
    output.failures.push({ final: false, cause: new Error("ENOSPC") });
    queue.push(line("a"));
    await clock.advanceAsync(10);
    expect(queue.snapshot()).toMatchObject({ delivered: 0, failures: { io: 1 }, queueSize: 1 });
    await clock.advanceAsync(1_000);
    expect(queue.snapshot()).toMatchObject({ delivered: 1, failures: { io: 1 }, queueSize: 0 });
    expect(output.batches).toEqual(["a\n"]);
  });

  it("counts lines as rejected when nobody can ever read them", async () => {
    const { clock, output, queue } = make();
    output.failures.push({ final: true, cause: new Error("EPIPE") });
    queue.push(line("a"));
    await clock.advanceAsync(10);
    queue.push(line("b"));
    await clock.advanceAsync(10);
    expect(queue.snapshot()).toMatchObject({ delivered: 0, dropped: { rejected: 2 }, queueSize: 0 });
  });

  it("writes a line that is logged while it closes", async () => {
    const { clock, output, queue } = make();
    const release = output.stall();
    queue.push(line("a"));
    const closed = queue.close(1_000);
    await clock.advanceAsync(10);
    queue.push(line("last words"));
    queue.flushNow();
    release();
    await closed;
    expect(output.batches.toSorted()).toEqual(["a\n", "last words\n"]);
    expect(queue.snapshot()).toMatchObject({ delivered: 2, queueSize: 0 });
  });

  it("goes on with one output when the other is gone, and counts that", async () => {
    const clock = new FakeClock();
    const [gone, full] = [new FakeOutput(), new FakeOutput()];
    // The queue uses nothing but the public methods, which the fakes have.
    const sinks = [gone, full].map((output) => ({ output: output as unknown as LineOutput, human: undefined }));
    const queue = new LogQueue(format, sinks, clock);
    gone.failures.push({ final: true, cause: new Error("EPIPE") });
    full.failures.push({ final: false, cause: new Error("ENOSPC") });
    queue.push(line("a"));
    await clock.advanceAsync(10);
    expect(queue.snapshot()).toMatchObject({ delivered: 0, failures: { io: 2 }, queueSize: 1 });
    await clock.advanceAsync(1_000);
    queue.push(line("b"));
    await clock.advanceAsync(10);
    expect(full.batches).toEqual(["a\n", "b\n"]);
    expect(queue.snapshot()).toMatchObject({ delivered: 2, dropped: { rejected: 0 }, failures: { io: 2 } });
  });

  it("closes within its deadline although the reader stalls, and counts the rest", async () => {
    const { clock, output, queue } = make();
    output.stall();
    for (let index = 0; index < 1_000; index++) queue.push(line("x"));
    const closed = queue.close(1_000);
    await clock.advanceAsync(1_000);
    await closed;
    queue.push(line("late"));
    const { delivered, dropped, queueSize } = queue.snapshot();
    expect(delivered + (dropped.shutdown ?? 0) + queueSize).toBe(1_001);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("an output", () => {
  it("on a full disk may work again later", async () => {
    const fd = openSync("/dev/full", "w");
    try {
      const output = new LineOutput(fd, nodePlatform.clock);
      expect(await output.write(Buffer.from("x"))).toMatchObject({ final: false, cause: { code: "ENOSPC" } });
      expect(output.usable).toBe(true);
    } finally {
      closeSync(fd);
    }
  });

  it("to a pipe whose reader is gone fails for good instead of killing the process", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangar-fifo-"));
    const fifo = join(folder, "fifo");
    execFileSync(MKFIFO, [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const fd = openSync(fifo, "w");
    try {
      const output = new LineOutput(fd, nodePlatform.clock);
      expect(await output.write(Buffer.from("read"))).toBeUndefined();
      closeSync(reader);
      expect(await output.write(Buffer.from("x"))).toMatchObject({ final: true, cause: { code: "EPIPE" } });
      expect(output.usable).toBe(false);
    } finally {
      closeSync(fd);
      rmSync(folder, { recursive: true });
    }
  });

  it("to a full pipe that does not block writes everything once the reader goes on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangar-fifo-"));
    const fifo = join(folder, "fifo");
    execFileSync(MKFIFO, [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      // More than a pipe holds, which is 64 KB.
      const bytes = Buffer.alloc(300_000, "x");
      let done = false;
      const written = new LineOutput(fd, nodePlatform.clock).write(bytes).then(() => {
        done = true;
      });
      let received = 0;
      while (received < bytes.length) {
        await new Promise((resolve) => setImmediate(resolve));
        try {
          received += readSync(reader, Buffer.alloc(65_536));
        } catch (error) {
          // Nothing is in the pipe at this moment.
          expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
          expect(done).toBe(false);
        }
      }
      await written;
      expect(received).toBe(bytes.length);
    } finally {
      closeSync(reader);
      closeSync(fd);
      rmSync(folder, { recursive: true });
    }
  });
});
