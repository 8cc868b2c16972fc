import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { KeptVerdicts } from "./kept-verdicts.ts";
import { type Play, playRules } from "./play.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verdicts-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("a verdict that is kept", () => {
  const SAID = "FAILED:\n  name: ä\n    exp: 1\n    got: nil";

  test("is read again, in this run and in the next", () => {
    const kept = new KeptVerdicts(join(folder, "new", "folders"));
    expect(kept.read("a")).toBeUndefined();
    kept.keep(new Map([["a", SAID]]));
    expect(kept.read("a")).toBe(SAID);
    expect(new KeptVerdicts(join(folder, "new", "folders")).read("a")).toBe(SAID);
    expect(kept.read("b")).toBeUndefined();
  });

  test("counts as missing when anything in it is cut off, changed or added, or when it is that of another key", () => {
    const kept = new KeptVerdicts(folder);
    kept.keep(new Map([["a", SAID]]));
    const whole = readFileSync(join(folder, "a"));
    const damaged = Array.from(whole, (byte, at) => [
      whole.subarray(0, at),
      Buffer.concat([whole.subarray(0, at), Buffer.of(byte ^ 1), whole.subarray(at + 1)]),
    ]).flat();
    for (const content of [...damaged, Buffer.concat([whole, Buffer.from("\n")])]) {
      writeFileSync(join(folder, "a"), content);
      expect(kept.read("a"), content.toString()).toBeUndefined();
    }
    writeFileSync(join(folder, "b"), whole);
    expect(kept.read("b")).toBeUndefined();
    rmSync(join(folder, "a"));
    mkdirSync(join(folder, "a"));
    expect(kept.read("a")).toBeUndefined();
  });

  test("goes with all others when they become too many", () => {
    const kept = new KeptVerdicts(folder, 2);
    kept.keep(new Map([["a", SAID]]));
    kept.keep(new Map([["b", SAID]]));
    expect(readdirSync(folder).toSorted()).toEqual(["a", "b"]);
    kept.keep(new Map([["c", SAID]]));
    expect(readdirSync(folder)).toEqual(["c"]);
  });

  test("is not missed where none can be kept", () => {
    writeFileSync(join(folder, "file"), "");
    const kept = new KeptVerdicts(join(folder, "file"));
    kept.keep(new Map([["a", SAID]]));
    expect(kept.read("a")).toBeUndefined();
  });
});

describe("promtool", { tags: ["promtool"] }, () => {
  const LIMIT = "up > 0";

  /** Whether `expr` holds for a target that is up. */
  function play(expr: string, value = 1): readonly Play[] {
    const rules = { "rules.yaml": { groups: [{ name: "some", rules: [{ record: "some:up", expr }] }] } };
    const checked = { expr: "some:up", eval_time: "1m", exp_samples: [{ labels: "some:up", value }] };
    const tested = { interval: "1m", input_series: [{ series: "up", values: "1 1" }], promql_expr_test: [checked] };
    return [{ rules, test: { rule_files: ["../rules.yaml"], evaluation_interval: "1m", tests: [tested] } }];
  }

  test("plays what is alike once, and nothing twice, whether it is content or not", async () => {
    const groups = [play(LIMIT), play("up > 1"), [...play(LIMIT), ...play("up > 1")], play(LIMIT)];
    const first = await playRules(groups, new KeptVerdicts(folder));
    expect(first.played).toBe(2);
    expect(first.verdicts).toEqual(["", expect.stringContaining("got: nil"), first.verdicts[1], ""]);
    expect(await playRules(groups, new KeptVerdicts(folder))).toEqual({ ...first, played: 0 });
  });

  test("plays again what has changed, in a rule or in its test, and what was lost or damaged", async () => {
    const kept = new KeptVerdicts(folder);
    expect(await playRules([play(LIMIT), play("up > 1")], kept)).toMatchObject({ played: 2 });
    expect(await playRules([play("up >= 0")], kept)).toEqual({ verdicts: [""], played: 1 });
    expect(await playRules([play(LIMIT, 2)], kept)).toEqual({ verdicts: [expect.stringMatching("got:")], played: 1 });
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), "SUCCESS");
    const again = await playRules([play(LIMIT), play("up > 1")], kept);
    expect(again).toEqual({ verdicts: ["", expect.stringContaining("got: nil")], played: 2 });
    rmSync(folder, { recursive: true });
    expect(await playRules([play(LIMIT), play("up > 1")], kept)).toEqual(again);
  });

  test("of another version plays everything", async () => {
    const kept = new KeptVerdicts(folder);
    await playRules([play(LIMIT)], kept);
    putBefore('[ "$1" = --version ] && echo "promtool, version 0" && exit');
    expect(await playRules([play(LIMIT)], kept)).toEqual({ verdicts: [""], played: 1 });
    expect(await playRules([play(LIMIT)], kept)).toEqual({ verdicts: [""], played: 0 });
  });

  test("that ends in the middle is content with nothing, and nothing of it is kept", async () => {
    putBefore('[ "$1" = test ] && echo "Unit Testing:  $3" && echo SUCCESS && kill -9 $$');
    await expect(playRules([play(LIMIT)], new KeptVerdicts(folder))).rejects.toThrow("promtool ended with SIGKILL");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("that is silent about a file is not content with it", async () => {
    putBefore('[ "$1" = test ] && echo "Unit Testing:  $3" && exit');
    const { verdicts } = await playRules([play(LIMIT)], new KeptVerdicts(folder));
    expect(verdicts).toEqual(["promtool said nothing about it"]);
    expect(readdirSync(folder)).toEqual([]);
  });

  /** Makes promtool a script that does this, and then what promtool does. */
  function putBefore(command: string): void {
    const bin = mkdtempSync(join(tmpdir(), "promtool-bin-"));
    const path = process.env.PATH ?? "";
    writeFileSync(join(bin, "promtool"), `#!/bin/sh\n${command}\nPATH='${path}'\nexec promtool "$@"\n`, {
      mode: 0o755,
    });
    vi.stubEnv("PATH", `${bin}${delimiter}${path}`);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(bin, { recursive: true });
    });
  }
});
