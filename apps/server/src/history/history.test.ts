import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodePlatform } from "@mcp-hangar/core";
import { FakeClock } from "@mcp-hangar/core/testing";
import { type HangarEvent, registeredName } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { History } from "./history.ts";

/** Time to write what waits, in ms: more than a busy machine needs. */
const WITHIN_MS = 20_000;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-history-"));
  file = join(folder, "history.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function make(path = file): History {
  return new History({ file: path, max_age_s: 3_600, max_bytes: 1_048_576 }, nodePlatform.clock);
}

const stopped: HangarEvent = {
  type: "server.stopped",
  timeMs: Date.now(),
  server: registeredName("math"),
  reason: "crashed",
  message: "exit code 1; token=sk-live-abcdefghijklmnopqrstuvwxyz0123456789",
};

describe("the history", () => {
  it("shows at once what was reported a moment ago", async () => {
    const history = make();
    await history.open();
    history.log("math", "listening");
    history.listener(stopped);
    const logs = await history.logs({ server: "math", limit: 10 });
    expect(logs.map(({ stream, line }) => `${stream}: ${line.slice(0, 35)}`)).toEqual([
      "gateway: stopped (crashed): exit code 1; tok",
      "stderr: listening",
    ]);
    expect(JSON.stringify(logs)).not.toContain("abcdefghijklmnop");
    expect(history.snapshot()).toMatchObject({
      exporter: "history",
      delivered: 2,
      queueSize: 0,
      dropped: { shutdown: 0 },
    });
    await history.close(WITHIN_MS);
  });

  it("writes what waits before it closes, and counts what comes later as dropped", async () => {
    const history = make();
    await history.open();
    for (let line = 0; line < 5_000; line += 1) history.log("math", `line ${line}`);
    await history.close(WITHIN_MS);
    history.log("math", "too late");
    expect(history.snapshot()).toMatchObject({ delivered: 5_000, dropped: { queue_full: 0, shutdown: 1 } });
    const again = make();
    await again.open();
    expect(await again.logs({ server: "math", limit: 1 })).toMatchObject([{ line: "line 4999" }]);
    await again.close(WITHIN_MS);
  });

  it("deletes nothing early when the clock is set forward, and everything in time", async () => {
    const clock = new FakeClock();
    const history = new History({ file, max_age_s: 3_600, max_bytes: 1_048_576 }, clock);
    await history.open();
    const kept = async (line: string): Promise<readonly string[]> => {
      history.log("math", line);
      return (await history.logs({ server: "math", limit: 10 })).map((row) => row.line);
    };
    expect(await kept("first")).toEqual(["first"]);
    clock.jumpWall(365 * 86_400_000);
    clock.advance(60_000);
    expect(await kept("second")).toEqual(["second", "first"]);
    clock.advance(3_590_000);
    await kept("third");
    clock.advance(30_000);
    expect(await kept("fourth")).toEqual(["fourth", "third"]);
    await history.close(WITHIN_MS);
  });

  it("drops what does not fit into its queue, and counts it", async () => {
    const history = make();
    await history.open();
    for (let line = 0; line < 20_005; line += 1) history.log("math", "line");
    expect(history.snapshot().dropped).toMatchObject({ queue_full: 5 });
    await history.close(WITHIN_MS);
    expect(history.snapshot().delivered).toBe(20_000);
  });

  it("drops the latest lines of the most talkative server, and no calls, when its queue is full", async () => {
    const history = make();
    await history.open();
    for (let line = 0; line < 20_000; line += 1) history.log("chatty", `line ${line}`);
    for (let line = 0; line < 3; line += 1) history.log("quiet", `line ${line}`);
    history.listener({ ...stopped, server: registeredName("chatty") });
    expect(history.snapshot()).toMatchObject({ dropped: { queue_full: 4 }, queueSize: 20_000 });
    const quiet = await history.logs({ server: "quiet", limit: 10 });
    expect(quiet.map(({ line }) => line)).toEqual(["line 2", "line 1", "line 0"]);
    const chatty = await history.logs({ server: "chatty", limit: 2 });
    expect(chatty.map(({ line }) => line.slice(0, 17))).toEqual(["stopped (crashed)", "line 19995"]);
    await history.close(2_000);
  });

  it("says why its file cannot be used, and what to do", async () => {
    const path = join(folder, "nowhere", "history.db");
    const history = make(path);
    await expect(history.open()).rejects.toThrow(
      new RegExp(`^history.file: ${path} cannot be used: ENOENT.*; name another file`),
    );
    await history.close(WITHIN_MS);
    mkdirSync(file);
    const onFolder = make();
    await expect(onFolder.open()).rejects.toThrow(/cannot be used/);
    await onFolder.close(WITHIN_MS);
  });

  it("is a problem while nothing can be written, and goes on afterwards", async () => {
    const history = make();
    await history.open();
    // Another process that holds the file longer than anybody waits.
    const { DatabaseSync } = await import("node:sqlite");
    const other = new DatabaseSync(file);
    other.exec("BEGIN EXCLUSIVE");
    history.log("math", "waits");
    await expect
      .poll(() => history.health())
      .toEqual({
        status: "unhealthy",
        message: expect.stringMatching(/^history\.file cannot be written: .*locked/),
      });
    expect(history.snapshot()).toMatchObject({ failures: { io: 1 }, queueSize: 1, delivered: 0 });
    other.exec("COMMIT");
    other.close();
    await expect.poll(() => history.health().status).toBe("healthy");
    expect(await history.logs({ server: "math", limit: 10 })).toMatchObject([{ line: "waits" }]);
    await history.close(WITHIN_MS);
  });
});
