import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { poll, runProcess } from "@mcp-hangar/testing";
import { describe, expect, it } from "vitest";
import { callbackSink, RecordsRefused, type SinkEntry, StreamSink } from "../../src/index.ts";
import { idIn, idsOf, sinkEntriesOf } from "./entries.ts";
import { emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import { linesOf } from "./http-receiver.ts";

const { signal } = new AbortController();

describe("a callback", () => {
  const send = (callback: Parameters<typeof callbackSink>[0]["callback"]) =>
    callbackSink({ name: "callback", callback }).send(sinkEntriesOf(2), signal);

  it("has the records when it returns or its promise resolves", async () => {
    const taken: SinkEntry[] = [];
    expect(await send((entries) => void taken.push(...entries))).toEqual({ kind: "delivered" });
    expect(await send(async (entries) => void taken.push(...(await Promise.resolve(entries))))).toEqual({
      kind: "delivered",
    });
    expect(taken.map(({ text }) => idIn(text))).toEqual([...idsOf(2), ...idsOf(2)]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("full: password=hunter2");
      },
    ],
    ["rejects", () => Promise.reject(new Error("full: password=hunter2"))],
  ])("that %s gets the records again, and what it says holds no secrets", async (_name, callback) => {
    const outcome = await send(callback);
    expect(outcome).toMatchObject({
      kind: "retry",
      reason: "io",
      message: expect.stringMatching(/^the callback threw: full: password=/),
    });
    expect(JSON.stringify(outcome)).not.toContain("hunter2");
  });

  it("refuses records for good when it says so", async () => {
    expect(await send(() => Promise.reject(new RecordsRefused("too old")))).toEqual({
      kind: "rejected",
      message: "too old",
    });
  });

  it("may say what became of them by itself", async () => {
    const partial = { kind: "partial", rejected: 1, retry: [1], reason: "rejected" } as const;
    expect(await send(() => partial)).toEqual(partial);
  });

  it("that never returns is given up at the deadline, and tried again", async () => {
    let calls = 0;
    const taken: string[] = [];
    const exporter = exporterOver(
      callbackSink({
        name: "callback",
        callback(entries) {
          calls += 1;
          if (calls === 1) return new Promise<undefined>(() => undefined);
          taken.push(...entries.map(({ text }) => idIn(text)));
          return undefined;
        },
      }),
      { attemptTimeoutMs: 50 },
    );
    emit(exporter, 10);
    await poll("the records", () => taken.length === 10);
    expect(taken).toEqual(eventIds(10));
    expect(exporter.snapshot()).toMatchObject({ failures: { timeout: 1 } });
    await exporter.close(5_000);
    expectExact(exporter);
  });
});

describe("a stream", () => {
  it("gets one record a line, and is not ended", async () => {
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        chunks.push(chunk);
        done();
      },
    });
    const sink = new StreamSink({ name: "stream", stream });
    expect(await sink.send(sinkEntriesOf(3), signal)).toEqual({ kind: "delivered" });
    await sink.close();
    expect(linesOf(Buffer.concat(chunks).toString()).map(idIn)).toEqual(idsOf(3));
    new StreamSink({ name: "next", stream });
    expect([stream.writableEnded, stream.listenerCount("error")]).toEqual([false, 1]);
    expect(await sink.send(sinkEntriesOf(1), signal)).toMatchObject({ kind: "retry", message: "the sink has closed" });
  });

  it("that nobody reads holds one batch, however much is recorded", async () => {
    const held: (() => void)[] = [];
    const chunks: Buffer[] = [];
    const stream = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        held.push(done);
      },
    });
    const exporter = exporterOver(new StreamSink({ name: "stream", stream }), { attemptTimeoutMs: 30 });
    emit(exporter, 1_000);
    await poll("three deadlines", () => {
      expectExact(exporter);
      return failuresOf(exporter.snapshot()) >= 3;
    });
    expect(chunks.length).toBe(1);
    expect(stream.writableLength).toBe(chunks[0]?.length);
    expect(exporter.snapshot().queueSize).toBe(1_000);
    const read = (): boolean => {
      held.pop()?.();
      return exporter.snapshot().queueSize === 0;
    };
    await poll("the records", read, 60_000, 5);
    // What was on the way at a deadline was written once.
    expect(linesOf(Buffer.concat(chunks).toString()).map(idIn)).toEqual(eventIds(1_000));
    await exporter.close(5_000);
  });

  it("that is gone makes records wait, and ends no process", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangar-stream-"));
    const stream = createWriteStream(join(folder, "file"));
    await once(stream, "open");
    const sink = new StreamSink({ name: "stream", stream });
    stream.destroy(new Error("gone"));
    expect(await sink.send(sinkEntriesOf(1), signal)).toMatchObject({ kind: "retry", reason: "io" });
    expect(await sink.send(sinkEntriesOf(1), signal)).toMatchObject({ kind: "retry", reason: "io" });
    await sink.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(["/dev/full", "/dev/null"])("that is %s is told from one that works", { tags: ["linux"] }, async (device) => {
    const sink = new StreamSink({ name: "stream", stream: createWriteStream(device) });
    const outcome = await sink.send(sinkEntriesOf(1), signal);
    expect(outcome).toMatchObject(
      device === "/dev/null" ? { kind: "delivered" } : { kind: "retry", message: expect.stringContaining("ENOSPC") },
    );
    await sink.close();
  });
});

describe("stderr of a process", () => {
  const source = JSON.stringify(new URL("../../src/index.ts", import.meta.url).href);
  const script = `
    import { StreamSink } from ${source};
    const sink = new StreamSink({ name: "stderr", stream: process.stderr });
    const { signal } = new AbortController();
    for (let batch = 0; batch < 50; batch++) {
      const entries = Array.from({ length: 100 }, (_, at) => ({ text: JSON.stringify({ id: "r-" + (batch * 100 + at) , pad: "x".repeat(500) }) }));
      await sink.send(entries, signal);
    }`;
  it("has every record whole", async () => {
    const { stderr } = await runProcess({
      command: process.execPath,
      args: ["--conditions=@mcp-hangar/source", "--input-type=module-typescript", "--eval", script],
    });
    expect(linesOf(stderr).map(idIn)).toEqual(idsOf(5_000));
  });
});
