import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { yamlFile } from "../src/render/yaml.ts";
import { KeptVerdicts } from "./kept-verdicts.ts";

/** A file of tests for promtool, and the files of rules that it reads from one folder above. */
export interface Play {
  readonly rules: Readonly<Record<string, object>>;
  readonly test: object;
}

/** The promtool that plays: of the oldest Prometheus that is supported, which the machine has, unless the variable names another. */
const PROMTOOL = process.env.HANGAR_PROMTOOL ?? "promtool";

/** What promtool says of each group of plays; empty means that it was content with all of them. */
export type Verdicts = readonly string[];

/** More would not help, for promtool is busy with the processor all the time. */
const PROCESSES = 2;
/** So that one process has enough to do to make its start worthwhile, and not too much to share the work evenly. */
const FILES_PER_PROCESS = 40;

/** Percent of growth before promtool collects garbage: that takes a quarter of its time by default, and memory is there. */
const GOGC = "400";

/**
 * Plays groups of tests with promtool, several at the same time: each that differs from all others once, and none that this
 * promtool has played before. `played` says how many files it was started for.
 */
export async function playRules(
  groups: Iterable<readonly Play[]>,
  kept: KeptVerdicts = new KeptVerdicts(),
  promtool = PROMTOOL,
): Promise<{ readonly verdicts: Verdicts; readonly played: number }> {
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  try {
    const known = new Map<string, string>();
    const open = new Set<string>();
    const version = promtoolVersion(promtool);
    const keys = Array.from(groups, (group) =>
      group.map((play) => {
        const texts = textsOf(play);
        const key = createHash("sha256")
          .update(JSON.stringify([version, texts]))
          .digest("hex");
        const said = known.get(key) ?? kept.read(key);
        if (said !== undefined) known.set(key, said);
        else if (!open.has(key)) {
          open.add(key);
          write(texts, join(folder, key));
        }
        return key;
      }),
    );
    const played = await testRules([...open], folder, promtool);
    kept.keep(played);
    const verdictOn = (key: string): string => verdictIn(known.get(key) ?? played.get(key));
    return { verdicts: keys.map((own) => own.map(verdictOn).join("")), played: open.size };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Texts = readonly (readonly [path: string, text: string])[];

const TEST_FILE = "tests/test.yaml";

function textsOf({ rules, test }: Play): Texts {
  return [...Object.entries(rules), [TEST_FILE, test] as const].map(([path, content]) => [path, yamlFile(content)]);
}

function write(texts: Texts, folder: string): void {
  mkdirSync(join(folder, "tests"), { recursive: true });
  for (const [path, text] of texts) writeFileSync(join(folder, path), text);
}

/** What `promtool test rules` says of the test in each of these folders within `cwd`. */
async function testRules(
  folders: readonly string[],
  cwd: string,
  promtool: string,
): Promise<ReadonlyMap<string, string>> {
  const size = Math.max(1, Math.min(FILES_PER_PROCESS, Math.ceil(folders.length / PROCESSES)));
  const batches = Array.from({ length: Math.ceil(folders.length / size) }, (_, index) =>
    folders.slice(index * size, (index + 1) * size),
  );
  const said = new Map<string, string>();
  await Promise.all(
    Array.from({ length: PROCESSES }, async (_, process) => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
        for (const [own, text] of await testBatch(batch, cwd, join(cwd, `output-${process}`), promtool))
          said.set(own, text);
      }
    }),
  );
  return said;
}

/** Verdicts and reasons go to different streams; only in one file, `output`, does it show which belong together. */
async function testBatch(folders: readonly string[], cwd: string, output: string, promtool: string): Promise<Texts> {
  const file = openSync(output, "w");
  const args = ["test", "rules", ...folders.map((folder) => join(folder, TEST_FILE))];
  try {
    const child = spawn(promtool, args, { cwd, env: { ...process.env, GOGC }, stdio: ["ignore", file, file] });
    const [code, signal] = await once(child, "close");
    // Of what was ended in mid sentence nothing counts: it may have stopped before it had found anything.
    if (code !== 0 && code !== 1) {
      throw new Error(`promtool ended with ${code ?? signal}: ${readFileSync(output, "utf8").slice(-2_000)}`);
    }
  } finally {
    closeSync(file);
  }
  return sayingsIn(readFileSync(output, "utf8"), folders);
}

const CONTENT = "SUCCESS";

/**
 * promtool prints `SUCCESS`, or `FAILED:` and the reasons, of one file after the other; before version 3 it says first which
 * it is: `Unit Testing: <file>`.
 */
function sayingsIn(output: string, folders: readonly string[]): Texts {
  const named = output.split(/^Unit Testing: +/m).slice(1);
  const told =
    named.length > 0
      ? named.map((part): readonly [string, string] => {
          const [file = "", ...rest] = part.split("\n");
          return [file.trim().slice(0, -(TEST_FILE.length + 1)), rest.join("\n")];
        })
      : output
          .split(/^(?= {2}(?:SUCCESS|FAILED:)$)/m)
          .filter((part) => part.trim() !== "")
          .map((part, at): readonly [string, string] => [folders[at] ?? "", part]);
  return told
    .map(([folder, said]) => [folder, said.trim()] as const)
    .filter(([, said]) => said === CONTENT || said.startsWith("FAILED:"));
}

function verdictIn(said: string | undefined): string {
  if (said === undefined) return "promtool said nothing about it";
  return said === CONTENT ? "" : said;
}

function promtoolVersion(promtool: string): string {
  const { status, stdout, stderr, error } = spawnSync(promtool, ["--version"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`promtool does not tell its version: ${error?.message ?? stderr}`);
  return stdout + stderr;
}
