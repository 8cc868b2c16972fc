import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isOutdated, isUnpacked, programsFolder, run, unpack } from "./unpacked-programs.mjs";

/** Mounts a file as a disk, and ends with 0 if that can be done. */
const LOOP_MOUNT =
  'disk=$(mktemp) && truncate -s 1M "$disk" && mkfs.ext4 -q "$disk" && mount -o loop "$disk" /mnt && umount /mnt; code=$?; rm -f "$disk"; exit $code';

/**
 * What tests need beyond Node.js and the packages of npm. The name is the tag that such tests carry.
 * @typedef {object} Requirement
 * @property {string} name
 * @property {string} description what it does here, as the rest of a sentence
 * @property {() => boolean} isMet
 * @property {string} mend what brings it, for people
 * @property {string} [debianPackage] the package of Debian that has it
 * @property {import("./unpacked-programs.mjs").UnpackedProgram} [unpacked] what is unpacked beside the others and not installed
 */

/**
 * A program that is looked for on PATH.
 * @param {string} name
 * @param {string} debianPackage
 * @param {string} description
 * @returns {Requirement}
 */
function program(name, debianPackage, description) {
  const mend = `apt-get install --no-install-recommends ${debianPackage}`;
  return { name, description, debianPackage, mend, isMet: () => isInstalled(name) };
}

/**
 * A system logger, of which Debian installs no two.
 * @param {string} name
 * @param {string} executable
 * @param {readonly string[]} packages
 * @param {string} description
 * @returns {Requirement}
 */
function logger(name, executable, packages, description) {
  const unpacked = { name, executable, packages };
  const mend = `"npm test" as root on Debian, which unpacks ${packages.join(", ")}`;
  return { name, description, mend, unpacked, isMet: () => isUnpacked(unpacked) };
}

/**
 * The newest release of a program, beside the oldest one that is supported, which Debian's stable release has. It counts only where it runs:
 * a suite that is ahead of this machine may ask for newer libraries.
 * @param {string} name
 * @param {string} executable
 * @param {string} debianPackage
 * @param {string} description
 * @returns {Requirement}
 */
function newest(name, executable, debianPackage, description) {
  const unpacked = { name, executable, packages: [debianPackage], suite: "sid" };
  const file = join(programsFolder, name, executable);
  const mend = `"npm test" as root on Debian, which unpacks ${debianPackage} of sid`;
  const runs = () => spawnSync(file, ["--version"], { stdio: "ignore" }).status === 0;
  return { name, description, mend, unpacked, isMet: () => isUnpacked(unpacked) && runs() };
}

/**
 * A container engine that runs containers with limits, which takes more than its client: inside of a container there is
 * often an engine that cannot.
 * @param {string} name
 * @param {string} attempt arguments with which it succeeds where it can
 * @returns {Requirement}
 */
function engine(name, attempt) {
  return {
    name,
    description: "runs servers in containers",
    mend: `"${name} ${attempt}" has to succeed`,
    isMet: () =>
      process.platform === "linux" &&
      isInstalled(name) &&
      spawnSync(name, attempt.split(" "), { stdio: "ignore", timeout: 20_000 }).status === 0,
  };
}

/** @type {readonly Requirement[]} */
export const requirements = [
  program("promtool", "prometheus", "checks the generated rules and the metrics page"),
  program("prometheus", "prometheus", "evaluates the generated rules against a living gateway"),
  program("prometheus-alertmanager", "prometheus-alertmanager", "routes the alerts"),
  program("amtool", "prometheus-alertmanager", "checks the generated routes"),
  program("python3", "python3", "runs a server that is written in Python"),
  program("jq", "jq", "runs the searches of the runbooks"),
  program("openssl", "openssl", "makes certificates"),
  program("script", "bsdutils", "gives a gateway a terminal of its own"),
  program("ps", "procps", "lists processes where there is no /proc"),
  program("lsof", "lsof", "lists open files where there is no /proc"),
  program("setsid", "util-linux", "has a process leave the session of its parent"),
  program("setpriv", "util-linux", "has the kernel end a process with its parent"),
  logger("rsyslog", "usr/sbin/rsyslogd", ["rsyslog", "rsyslog-gnutls"], "reads what is written as syslog and CEF"),
  logger(
    "syslog-ng",
    "usr/sbin/syslog-ng",
    ["syslog-ng-core", "syslog-ng-scl"],
    "reads what is written as syslog, and strictly",
  ),
  newest("newest-promtool", "usr/bin/promtool", "promtool", "plays incidents with the newest Prometheus"),
  newest("newest-prometheus", "usr/bin/prometheus", "prometheus", "evaluates the generated rules as of late"),
  newest(
    "newest-alertmanager",
    "usr/bin/prometheus-alertmanager",
    "prometheus-alertmanager",
    "routes the alerts as of late",
  ),
  {
    name: "unshare",
    description: "makes a gateway process 1, as it is in a container",
    mend: "run the tests as root on Linux, where namespaces may be made",
    isMet: () => spawnSync("unshare", ["--pid", "--fork", "true"], { stdio: "ignore" }).status === 0,
  },
  {
    name: "tmpfs",
    description: "gives a test a disk of its own that is soon full",
    mend: "run the tests as root on Linux, where file systems may be mounted",
    isMet: () =>
      spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" }).status === 0 &&
      isInstalled("umount"),
  },
  {
    name: "fsfreeze",
    description: "gives a test a disk of its own that hangs",
    mend: "run the tests as root on Linux, where a file may be mounted as a disk (mkfs.ext4 of e2fsprogs, fsfreeze and nsenter of util-linux)",
    isMet: () =>
      isInstalled("fsfreeze") &&
      isInstalled("nsenter") &&
      existsSync("/dev/loop-control") &&
      spawnSync("unshare", ["--mount", "sh", "-c", LOOP_MOUNT], { stdio: "ignore" }).status === 0,
  },
  engine("docker", "info"),
  engine("podman", "run --rm --pids-limit=64 --memory=64m --network=none --init --rootfs / true"),
  {
    name: "root",
    description: "may run servers and own files as another user",
    mend: "run the tests as root",
    isMet: () => process.getuid?.() === 0,
  },
  {
    name: "linux",
    description: "tells more of a process than other systems",
    mend: "run the tests on Linux too",
    isMet: () => process.platform === "linux",
  },
];

/**
 * Whether a program can be run by its name.
 * @param {string} name
 * @returns {boolean}
 */
function isInstalled(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return folder !== "" && statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/**
 * Brings what is missing and a Debian package has, where this process is root on Debian. Whatever cannot be brought is
 * left out of the tests, whose last lines tell of it, so nothing fails here.
 * @param {(line: string) => void} say
 * @param {AbortSignal} signal ends what is under way
 * @returns {Promise<void>}
 */
export async function bringPrograms(say, signal) {
  const missing = requirements.filter(({ isMet }) => !isMet());
  const packages = [...new Set(missing.flatMap(({ debianPackage }) => debianPackage ?? []))];
  const absent = missing.flatMap(({ unpacked }) => unpacked ?? []);
  const unpacked = [...new Set([...absent, ...requirements.flatMap(outdated)])];
  const canInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version") && isInstalled("apt-get");
  if (packages.length + unpacked.length === 0 || !canInstall) return;
  say(`installing what tests need: ${[...packages, ...unpacked.map(({ name }) => name)].join(", ")}`);
  try {
    await run("apt-get", ["update"], signal);
    if (packages.length > 0) await run("apt-get", ["install", "-y", "--no-install-recommends", ...packages], signal);
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\nTests that need what is missing are left out.`);
    return;
  }
  for (const [program, problem] of await unpack(unpacked, signal)) {
    const follows = isUnpacked(program)
      ? `${program.name} stays the one that was brought before.`
      : `Tests that need ${program.name} are left out.`;
    say(`${problem}\n${follows}`);
  }
}

/**
 * @param {Requirement} requirement
 * @returns {readonly import("./unpacked-programs.mjs").UnpackedProgram[]}
 */
function outdated({ unpacked }) {
  return unpacked !== undefined && isOutdated(unpacked) ? [unpacked] : [];
}
