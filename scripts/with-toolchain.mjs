/**
 * What `npm start`, `npm test` and `npm run bench` run: it brings the pinned Node.js and pnpm when they are missing,
 * installs, builds, and then runs the demo or the benchmarks. Tests need no build, and bring the programs they need as well. `npm run hangar` runs the built command line.
 *
 * It runs on a bare Node.js 20, before anything is installed, so it is plain JavaScript without dependencies.
 * Everything it says goes to stderr; stdout belongs to the command that it runs.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bringPrograms } from "./testing/programs.mjs";
import { root } from "./toolchain/pins.mjs";
import { findToolchain, runningNode } from "./toolchain/resolve.mjs";
import { run } from "./toolchain/run.mjs";

/** The built command line, from the root of the repository. */
const commandLine = "apps/server/dist/main.js";

/**
 * `built` is a step that only runs what an earlier command has built, and says nothing of its own; `unbuilt` is one that needs no build.
 * @typedef {object} Step
 * @property {string} says
 * @property {readonly string[]} argv
 * @property {boolean} quiet
 * @property {boolean} [built]
 * @property {boolean} [unbuilt]
 */

/** @type {Readonly<Record<string, (args: readonly string[]) => Step>>} */
const commands = {
  start: (args) =>
    loud(
      "starting the demo gateway (Ctrl-C stops it)",
      "pnpm",
      "--fail-if-no-match",
      "--filter",
      "@mcp-hangar/demo",
      "start",
      ...args,
    ),
  test: (args) => ({
    ...loud("running the tests", "pnpm", "exec", "vitest", "run", ...projects(args), ...args),
    unbuilt: true,
  }),
  bench: (args) =>
    loud("running the benchmarks", "pnpm", "--fail-if-no-match", "--filter", "@mcp-hangar/bench", "start", ...args),
  hangar: (args) => ({ ...loud("", "node", commandLine, ...args), built: true }),
};

const installing = quiet("installing the dependencies", "pnpm", "install", "--frozen-lockfile");
const building = quiet("building", "pnpm", "exec", "turbo", "run", "build", "--output-logs=errors-only");

const [command = "", ...rest] = process.argv.slice(2);
// pnpm hands the separating `--` to the script, npm keeps it; both must mean the same here.
const args = rest[0] === "--" ? rest.slice(1) : rest;
process.exitCode = await main(command, args);

/**
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code
 */
async function main(name, args) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined && name !== "path") {
    say(`"${name}" is not a command; use one of: ${Object.keys(commands).join(", ")}, path.`);
    return 2;
  }
  const last = command?.(args);
  if (last?.built && !existsSync(join(root, commandLine))) {
    say(`${commandLine} is not built yet: run "npm start" or "pnpm build" first.`);
    return 1;
  }
  const found = last?.built
    ? (runningNode(process.env) ?? (await findToolchain(process.env, () => {})))
    : await findToolchain(process.env, say);
  if (!found.ok) {
    say(found.problem);
    return 1;
  }
  if (last === undefined) {
    process.stdout.write(`${found.directories.join(":")}\n`);
    return 0;
  }
  /** @param {Step} step */
  const take = async (step) => {
    if (!step.built) say(step.says);
    const code = await run(step, { cwd: root, env: found.env, say });
    if (code !== 0 && step.quiet) {
      say(`${step.says} failed: "${step.argv.join(" ")}" ended with exit code ${code}; its output is above.`);
    }
    return code;
  };
  const stopped = new AbortController();
  const brought = name === "test" ? bringPrograms(say, stopped.signal) : Promise.resolve();
  for (const step of preparation(last)) {
    const code = await take(step);
    if (code === 0) continue;
    stopped.abort();
    await brought;
    return code;
  }
  await brought;
  return take(last);
}

/**
 * What comes before a step. Tests run the sources, and bundle the gateway that they start.
 * @param {Step} step
 * @returns {readonly Step[]}
 */
function preparation({ built, unbuilt }) {
  if (built) return [];
  return unbuilt ? [installing] : [installing, building];
}

/**
 * What takes minutes each (the kills, the soak, living Prometheus) is left to CI, unless somebody chooses what to run.
 * @param {readonly string[]} args
 * @returns {readonly string[]}
 */
function projects(args) {
  const chosen = args.some((arg) => !arg.startsWith("-") || arg.startsWith("--project"));
  return chosen ? [] : ["--project", "unit", "--project", "process"];
}

/**
 * A step whose stdout is what the user asked for.
 * @param {string} says
 * @param {string[]} argv
 * @returns {Step}
 */
function loud(says, ...argv) {
  return { says, argv, quiet: false };
}

/**
 * A step on the way there: its stdout goes to stderr.
 * @param {string} says
 * @param {string[]} argv
 * @returns {Step}
 */
function quiet(says, ...argv) {
  return { says, argv, quiet: true };
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`[hangar] ${line}\n`);
}
