import { appendFile, mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@mcp-hangar/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configSchema } from "../config/schema.ts";
import { FileWatch, fileState, settlingMs } from "./file-watch.ts";

interface Setup {
  readonly clock: FakeClock;
  readonly watch: FileWatch;
  /** The state of the pretended file. */
  state: string;
  changes: number;
}

function setUp(): Setup {
  const clock = new FakeClock();
  const test = { clock, state: "first", changes: 0 };
  const look = async (): Promise<string> => test.state;
  const onChange = (): void => {
    test.changes += 1;
  };
  return Object.assign(test, { watch: new FileWatch({ clock, look, onChange }) });
}

describe("a watched file", () => {
  it("is reported once for each state that lasts", async () => {
    const test = setUp();
    test.watch.watch(1_000);
    await test.clock.advanceAsync(10_000);
    expect(test.changes).toBe(1);
    test.state = "second";
    await test.clock.advanceAsync(1_000);
    expect(test.changes).toBe(1);
    await test.clock.advanceAsync(1_000);
    expect(test.changes).toBe(2);
    await test.clock.advanceAsync(60_000);
    expect(test.changes).toBe(2);
  });

  it("is not reported while it goes on changing", async () => {
    const test = setUp();
    test.watch.watch(1_000);
    await test.clock.advanceAsync(2_000);
    for (let step = 0; step < 20; step++) {
      test.state = `part ${step}`;
      await test.clock.advanceAsync(600);
    }
    expect(test.changes).toBe(1);
    await test.clock.advanceAsync(2_000);
    expect(test.changes).toBe(2);
  });

  it("is no longer reported when watching ends, and is again when it begins anew", async () => {
    const test = setUp();
    test.watch.watch(1_000);
    await test.clock.advanceAsync(2_000);
    test.watch.watch(undefined);
    expect(test.clock.pendingTimers).toBe(0);
    test.state = "second";
    await test.clock.advanceAsync(60_000);
    expect(test.changes).toBe(1);
    test.watch.watch(100);
    await test.clock.advanceAsync(500);
    expect(test.changes).toBe(2);
  });

  it("is looked at one look at a time, however long one takes and however often the settling time changes", async () => {
    const clock = new FakeClock();
    let looks = 0;
    const stuck = Promise.withResolvers<string>();
    const look = (): Promise<string> => {
      looks += 1;
      return stuck.promise;
    };
    const watch = new FileWatch({ clock, look, onChange: () => {} });
    watch.watch(1_000);
    await clock.advanceAsync(30_000);
    watch.watch(200);
    await clock.advanceAsync(30_000);
    expect(looks).toBe(1);
    watch.watch(undefined);
    stuck.resolve("late");
    await clock.advanceAsync(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it("is watched only when reloads and watching are both on", () => {
    const of = (options: object): number | undefined =>
      settlingMs(configSchema.parse({ config_reload: options }).config_reload);
    expect([of({}), of({ debounce_s: 0.2 }), of({ watch: false }), of({ enabled: false })]).toEqual([
      1_000,
      200,
      undefined,
      undefined,
    ]);
  });
});

describe("the state of a file", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hangar-watch-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("stays the same as long as nobody touches the file", async () => {
    const file = join(folder, "config.yaml");
    await writeFile(file, "a");
    expect(await fileState(file)).toBe(await fileState(file));
  });

  const changes: readonly (readonly [string, (file: string) => Promise<unknown>])[] = [
    ["written in place", (file) => appendFile(file, "b")],
    ["replaced by another of the same size, as editors do", (file) => replace(file)],
    ["removed", (file) => unlink(file)],
  ];
  it.each(changes)("changes when the file is %s", async (_how, change) => {
    const file = join(folder, "config.yaml");
    await writeFile(file, "a");
    const before = await fileState(file);
    await change(file);
    expect(await fileState(file)).not.toBe(before);
  });

  it("changes when a link on the way is swapped, as Kubernetes does with a ConfigMap", async () => {
    for (const version of ["..1", "..2"]) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, "config.yaml"), "same size");
    }
    const file = join(folder, "config.yaml");
    await symlink("..1", join(folder, "..data"));
    await symlink(join("..data", "config.yaml"), file);
    const before = await fileState(file);
    await symlink("..2", join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    expect(await fileState(file)).not.toBe(before);
  });

  it("says why there is none", async () => {
    expect(await fileState(join(folder, "nothing"))).toBe("none: ENOENT");
  });
});

async function replace(file: string): Promise<void> {
  await writeFile(`${file}~`, "b");
  await rename(`${file}~`, file);
}
