import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * A program of Debian that is unpacked instead of installed: a machine has one system logger at most, and tests ask two.
 * @typedef {object} UnpackedProgram
 * @property {string} name
 * @property {string} executable where it is in its packages
 * @property {readonly string[]} packages
 * @property {string} [suite] of Debian, where it is not the one of this machine. Then libraries of the machine have to do.
 */

/**
 * Where they are unpacked, each into a folder of its name: in the user's cache, so that clones share them, and apart for each release of
 * the system. Tests find it in the variable `HANGAR_PROGRAMS`.
 */
export const programsFolder = join(
  process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
  "mcp-hangar/programs",
  system(),
);

/** What comes from another suite is to be the newest there, so it is brought again when it is older than this, in ms. */
const NEWEST_MS = 30 * 86_400_000;

/**
 * @param {UnpackedProgram} program
 * @returns {boolean}
 */
export function isUnpacked({ name, executable }) {
  return existsSync(join(programsFolder, name, executable));
}

/**
 * Whether a program is there, but may no longer be the newest.
 * @param {UnpackedProgram} program
 * @returns {boolean}
 */
export function isOutdated(program) {
  if (program.suite === undefined || !isUnpacked(program)) return false;
  return Date.now() - statSync(join(programsFolder, program.name)).mtimeMs > NEWEST_MS;
}

/**
 * Unpacks programs with those libraries of theirs that this machine does not have. Nothing is installed, and one that is there already
 * stays when it cannot be replaced.
 * @param {readonly UnpackedProgram[]} programs
 * @param {AbortSignal} signal ends what is under way
 * @returns {Promise<ReadonlyMap<UnpackedProgram, string>>} what failed, of those that failed
 */
export async function unpack(programs, signal) {
  const work = join(programsFolder, `.unpacking-${process.pid}`);
  mkdirSync(work, { recursive: true });
  /** @type {Map<string, Promise<readonly string[]>>} */
  const suites = new Map();
  /** @type {Map<UnpackedProgram, string>} */
  const problems = new Map();
  try {
    for (const program of programs) {
      const { name, packages, suite } = program;
      const archives = join(work, name, "archives");
      const unpacked = join(work, name, "unpacked");
      mkdirSync(join(archives, "partial"), { recursive: true });
      mkdirSync(unpacked);
      try {
        if (suite === undefined) {
          const options = ["-o", `Dir::Cache::archives=${archives}`, "-o", "Debug::NoLocking=1"];
          const args = ["install", "-y", "--no-install-recommends", "--download-only", ...options, ...packages];
          await run("apt-get", args, signal);
        } else {
          const lists = suites.get(suite) ?? listsOf(suite, join(work, suite), signal);
          suites.set(suite, lists);
          await run("apt-get", [...(await lists), "download", ...packages], signal, archives);
        }
        for (const file of readdirSync(archives).filter((file) => file.endsWith(".deb"))) {
          await run("dpkg", ["-x", join(archives, file), unpacked], signal);
        }
        put(unpacked, join(programsFolder, name), join(work, name, "before"));
      } catch (error) {
        problems.set(program, String(error instanceof Error ? error.message : error));
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return problems;
}

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {AbortSignal} signal
 * @param {string} [cwd]
 * @returns {Promise<void>} rejects with what it has said when it fails or takes five minutes
 */
export function run(command, args, signal, cwd) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { cwd, env, signal, timeout: 300_000, maxBuffer: 64_000_000 };
  return new Promise((resolve, reject) => {
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`"${command} ${args.join(" ")}" failed.\n${stdout}${stderr}`));
    });
  });
}

/**
 * Brings the lists of another suite, once for all its programs. They stay in the folder, so that nothing of that suite is ever installed
 * on this machine.
 * @param {string} suite
 * @param {string} folder
 * @param {AbortSignal} signal
 * @returns {Promise<readonly string[]>} options for apt-get, with which it knows that suite and no other
 */
async function listsOf(suite, folder, signal) {
  const state = join(folder, "lists");
  mkdirSync(join(state, "partial"), { recursive: true });
  const source = join(folder, "source.list");
  writeFileSync(source, `deb [signed-by=${DEBIAN_KEYS}] http://deb.debian.org/debian ${suite} main\n`);
  const options = {
    "Dir::Etc::SourceList": source,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": state,
    "Dir::Cache": folder,
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
  };
  const given = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await run("apt-get", [...given, "update"], signal);
  return given;
}

const DEBIAN_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Puts a folder in the place of another, which is never half there, and notes when.
 * @param {string} folder
 * @param {string} place
 * @param {string} before where the other one goes, to be removed
 */
function put(folder, place, before) {
  if (existsSync(place)) renameSync(place, before);
  const now = new Date();
  utimesSync(folder, now, now);
  renameSync(folder, place);
}

/**
 * The release of this system, as the name of a folder: its programs need its libraries.
 * @returns {string}
 */
function system() {
  /** @type {Record<string, string>} */
  let release = {};
  try {
    const lines = readFileSync("/etc/os-release", "utf8").matchAll(/^(\w+)="?([\w.-]+)"?$/gm);
    release = Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value]));
  } catch {
    // Not Linux: nothing is unpacked there.
  }
  return [release.ID ?? process.platform, release.VERSION_ID, process.arch].filter(Boolean).join("-");
}
