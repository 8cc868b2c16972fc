import { spawn } from "node:child_process";
import { constants } from "node:os";

/** @typedef {{ readonly argv: readonly string[], readonly quiet: boolean }} Command */
/**
 * @typedef {object} Surroundings
 * @property {string} cwd
 * @property {Readonly<Record<string, string | undefined>>} env
 * @property {(line: string) => void} say
 */

/** npm repeats the terminal's Ctrl-C to its script; a second signal within this time is the same wish. */
const sameWishMs = 750;
/** How often to look whether npm or pnpm, which started this script, is still there. */
const parentCheckMs = 500;

/** What a signal to us means to the command: a closed terminal asks it to stop, not to reload. */
const forwarded = /** @type {const} */ ({ SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGTERM" });

/**
 * Runs one command in a process group of its own and resolves with its exit code, 128 + n after signal n.
 *
 * Ctrl-C then reaches this process only, which hands the command exactly one signal and waits for it to finish. A second
 * Ctrl-C kills the whole group, and nothing of the group is left behind when the command has ended.
 * @param {Command} command
 * @param {Surroundings} surroundings
 * @returns {Promise<number>}
 */
export function run({ argv: [program = "", ...args], quiet }, { cwd, env, say }) {
  return new Promise((resolve) => {
    const stdio = quiet ? /** @type {const} */ (["ignore", 2, 2]) : /** @type {const} */ (["inherit", 1, 2]);
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: [...stdio], detached: true });
    /** @type {keyof typeof forwarded | undefined} */
    let asked;
    let askedAt = 0;

    /** @param {keyof typeof forwarded} signal */
    const forward = (signal) => {
      if (child.pid === undefined) return;
      if (asked === undefined) {
        asked = signal;
        askedAt = Date.now();
        child.kill(forwarded[signal]);
      } else if (Date.now() - askedAt > sameWishMs) {
        say("asked a second time: killing it");
        killGroup(child.pid);
      }
    };
    const listeners = /** @type {(keyof typeof forwarded)[]} */ (Object.keys(forwarded)).map((signal) => {
      const listener = () => forward(signal);
      process.on(signal, listener);
      return () => process.off(signal, listener);
    });
    const stopWatching = watchParent(env, () => forward("SIGTERM"));

    /** @param {number} code */
    const finish = (code) => {
      for (const remove of listeners) remove();
      stopWatching();
      if (child.pid !== undefined) killGroup(child.pid);
      resolve(code);
    };
    child.on("error", (error) => {
      say(`could not run "${program}": ${error.message}`);
      finish(127);
    });
    child.on("exit", (code, signal) => {
      if (signal !== null) finish(128 + constants.signals[signal]);
      // A step that ended well although it was interrupted must not let the next one begin.
      else finish(code === 0 && asked !== undefined && quiet ? 128 + constants.signals[asked] : (code ?? 1));
    });
  });
}

/** @param {number} leader the process id of the group's first process */
function killGroup(leader) {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // ESRCH: the group is empty, which is what is wanted.
  }
}

/**
 * Calls back once when the npm or pnpm that started this script dies: killed by SIGKILL it cannot tell us.
 * @param {Surroundings["env"]} env
 * @param {() => void} whenGone
 * @returns {() => void} ends the watch
 */
function watchParent(env, whenGone) {
  // Started by hand (`nohup node scripts/with-toolchain.mjs start &`), outliving the shell is what was asked for.
  if (env.npm_lifecycle_event === undefined) return () => undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    whenGone();
  }, parentCheckMs);
  return () => clearInterval(timer);
}
