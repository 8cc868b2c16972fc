import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../toolchain/pins.mjs";

/**
 * A program of Debian that is unpacked instead of installed: a machine has one system logger at most, and tests ask two.
 * @typedef {object} UnpackedProgram
 * @property {string} name
 * @property {string} executable where it is in its packages
 * @property {readonly string[]} packages
 * @property {string} [suite] of Debian, where it is not the one of this machine. Then libraries of the machine have to do.
 */

/** Where they are unpacked, each into a folder of its name. Tests find it in the variable `HANGAR_PROGRAMS`. */
export const programsFolder = join(root, "node_modules/.cache/programs");

/**
 * @param {UnpackedProgram} program
 * @returns {boolean}
 */
export function isUnpacked({ name, executable }) {
  return existsSync(join(programsFolder, name, executable));
}

/**
 * Unpacks a program with those libraries of its that this machine does not have. Nothing is installed.
 * @param {UnpackedProgram} program
 * @returns {string | undefined} what failed
 */
export function unpack({ name, packages, suite }) {
  const folder = join(programsFolder, name);
  const unpacking = `${folder}.${process.pid}`;
  const archives = join(unpacking, "archives");
  mkdirSync(join(archives, "partial"), { recursive: true });
  const options = ["-o", `Dir::Cache::archives=${archives}`, "-o", "Debug::NoLocking=1"];
  try {
    const problem =
      (suite === undefined
        ? run("apt-get", ["install", "-y", "--no-install-recommends", "--download-only", ...options, ...packages])
        : download(packages, suite, archives)) ??
      readdirSync(archives)
        .filter((file) => file.endsWith(".deb"))
        .map((file) => run("dpkg", ["-x", join(archives, file), unpacking]))
        .find((found) => found !== undefined);
    if (problem !== undefined) return problem;
    rmSync(archives, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unpacking, folder);
    return undefined;
  } finally {
    rmSync(unpacking, { recursive: true, force: true });
  }
}

/**
 * Brings packages of another suite. Its lists stay in the folder, so that nothing of it is ever installed on this machine.
 * @param {readonly string[]} packages
 * @param {string} suite
 * @param {string} folder
 * @returns {string | undefined} what failed
 */
function download(packages, suite, folder) {
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
  return run("apt-get", [...given, "update"]) ?? run("apt-get", [...given, "download", ...packages], folder);
}

const DEBIAN_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 * @returns {string | undefined} what failed
 */
function run(command, args, cwd) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 300_000 });
  return status === 0 ? undefined : `"${command} ${args.join(" ")}" failed.\n${stdout ?? ""}${stderr ?? ""}`;
}
