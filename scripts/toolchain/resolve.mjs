import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { keepDirectories, keptDirectories } from "./kept.mjs";
import { isAtLeast, readPins, root } from "./pins.mjs";

/** @typedef {Readonly<Record<string, string | undefined>>} Environment */
/**
 * @typedef {{ readonly ok: true, readonly directories: readonly string[], readonly env: Environment }
 *   | { readonly ok: false, readonly problem: string }} Toolchain
 */

/** A first download of Node.js (about 40 MB) over a slow line; beyond this something hangs. */
const downloadLimitMs = 10 * 60_000;
const thisNode = { version: process.versions.node, directory: dirname(process.execPath) };

/**
 * Finds a Node.js and a pnpm that fit this workspace: those in use when they do, else the pinned ones through npx.
 *
 * The answer names the directories to put first on PATH, so that every process below finds the same pair without npx
 * staying in between, where it would swallow signals.
 * @param {Environment} env the environment of this process
 * @param {(line: string) => void} say
 * @param {{ readonly version: string, readonly directory: string }} [running] the Node.js in use
 * @param {string} [kept] the file that remembers what npx has brought
 * @returns {Promise<Toolchain>}
 */
export async function findToolchain(env, say, running = thisNode, kept) {
  const pins = readPins();
  if (isAtLeast(running.version, pins.oldestNode)) {
    const here = withDirectories(env, [running.directory]);
    const pnpm = await output(["pnpm", "--version"], here.env, 20_000);
    if (pnpm.stdout.trim() === pins.pnpm) return here;
  }
  const known = keptDirectories(pins, kept);
  if (known !== undefined) return withDirectories(env, known);
  say(
    `this is Node.js ${running.version}; bringing Node.js ${pins.node} and pnpm ${pins.pnpm} with npx (a minute the first time)`,
  );
  const packages = [`node@${pins.node}`, `pnpm@${pins.pnpm}`];
  const script = "node --version && pnpm --version && command -v node && command -v pnpm";
  const npx = ["npx", "--yes", "--loglevel=error", ...packages.flatMap((name) => ["-p", name]), "-c", script];
  const asked = await output(npx, cleaned(env), downloadLimitMs);
  const [node, pnpm, nodePath, pnpmPath] = asked.stdout.trim().split("\n").slice(-4);
  if (node !== `v${pins.node}` || pnpm !== pins.pnpm || nodePath === undefined || pnpmPath === undefined) {
    return {
      ok: false,
      problem:
        `could not bring ${packages.join(" and ")}: "${npx.join(" ")}" ${asked.ended}.\n` +
        `Check that npm reaches its registry, or install Node.js >= ${pins.oldestNode} and pnpm ${pins.pnpm} yourself.` +
        (asked.stdout === "" && asked.stderr === "" ? "" : `\n${asked.stdout}${asked.stderr}`),
    };
  }
  const directories = [...new Set([dirname(nodePath), dirname(pnpmPath)])];
  keepDirectories({ ...pins, directories }, kept);
  return withDirectories(env, directories);
}

/**
 * The Node.js in use, if it is new enough: all that what is built needs. Nothing is asked for its version.
 * @param {Environment} env
 * @param {{ readonly version: string, readonly directory: string }} [running]
 * @returns {Toolchain | undefined}
 */
export function runningNode(env, running = thisNode) {
  return isAtLeast(running.version, readPins().oldestNode) ? withDirectories(env, [running.directory]) : undefined;
}

/**
 * @param {Environment} env
 * @param {readonly string[]} directories
 * @returns {{ readonly ok: true, readonly directories: readonly string[], readonly env: Environment }}
 */
function withDirectories(env, directories) {
  return {
    ok: true,
    directories,
    env: {
      ...cleaned(env),
      PATH: [...directories, env.PATH ?? ""].filter((part) => part !== "").join(delimiter),
      // Without this a build waits on and reports to a third party, which nobody asked for.
      TURBO_TELEMETRY_DISABLED: "1",
    },
  };
}

/**
 * Drops what an npx further up has left behind: with these two set, every npx below would run that one's command again.
 * @param {Environment} env
 * @returns {Environment}
 */
function cleaned(env) {
  const { npm_config_call: _call, npm_config_package: _package, ...kept } = env;
  return kept;
}

/**
 * Runs a short command and collects what it prints; a command that does not exist is an answer too, not an exception.
 * @param {readonly string[]} argv
 * @param {Environment} env
 * @param {number} limitMs
 * @returns {Promise<{ readonly stdout: string, readonly stderr: string, readonly ended: string }>}
 */
function output([program = "", ...args], env, limitMs) {
  return new Promise((resolve) => {
    let stdout = "";
    let stderr = "";
    const child = spawn(program, args, {
      cwd: root,
      env: { ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
    });
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", (error) => resolve({ stdout, stderr, ended: `could not be run (${error.message})` }));
    child.on("close", (code, signal) =>
      resolve({ stdout, stderr, ended: `ended with ${signal ?? `exit code ${code}`}` }),
    );
  });
}
