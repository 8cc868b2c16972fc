import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../toolchain/pins.mjs";

/**
 * A program of Debian that is unpacked instead of installed: a machine has one system logger at most, and tests ask two.
 * @typedef {object} UnpackedProgram
 * @property {string} name
 * @property {string} executable where it is in its packages
 * @property {readonly string[]} packages
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
export function unpack({ name, packages }) {
  const folder = join(programsFolder, name);
  const unpacking = `${folder}.${process.pid}`;
  const archives = join(unpacking, "archives");
  mkdirSync(join(archives, "partial"), { recursive: true });
  const options = ["-o", `Dir::Cache::archives=${archives}`, "-o", "Debug::NoLocking=1"];
  try {
    const problem =
      run("apt-get", ["install", "-y", "--no-install-recommends", "--download-only", ...options, ...packages]) ??
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
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {string | undefined} what failed
 */
function run(command, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: "utf8", timeout: 300_000 });
  return status === 0 ? undefined : `"${command} ${args.join(" ")}" failed.\n${stdout ?? ""}${stderr ?? ""}`;
}
