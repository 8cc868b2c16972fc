import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { isSecretKey, looksPublic } from "@mcp-hangar/telemetry";

/** Place of the address of the environment in `/proc/self/stat`, counted behind the name of the process (proc_pid_stat(5)). */
const ENV_START = 50 - 3;

/** Variables of the loader and the C library, which may remember where in memory they stand. */
const OF_LIBRARIES = /^(?:LD|GLIBC|MALLOC|LC)_|^(?:LANG|TZ)$/;

/**
 * Takes the values of all variables that may be secrets out of what the kernel shows of this process's environment:
 * `/proc/<pid>/environ`, which every process of the same user may read, servers among them. It shows the memory in which the
 * process got its variables, whatever becomes of them later; so they are moved, and the memory is overwritten. `process.env`
 * has them as before.
 *
 * Linux only. Returns whether nothing of them is shown any more.
 */
export function hideEnvironment(): boolean {
  if (process.platform !== "linux") return false;
  let memory: number | undefined;
  try {
    const shown = readFileSync("/proc/self/environ");
    const start = addressOfEnvironment();
    memory = openSync("/proc/self/mem", "r+");
    for (const [name, value] of Object.entries(process.env)) {
      if (value === undefined || !mayBeSecret(name, value)) continue;
      const places = placesOf(shown, `${name}=${value}`);
      // What is no UTF-8 is not found, and would not survive the copy.
      if (places.length === 0) continue;
      // Copied to the heap, where the libraries find it from now on.
      process.env[name] = value;
      for (const { at, length } of places) {
        const begin = start + at + Buffer.byteLength(name) + 1;
        overwrite(memory, begin, shown.subarray(begin - start, at + length));
      }
    }
    return true;
  } catch {
    // A system without /proc, or one that lets nobody write there: then it stays as it was.
    return false;
  } finally {
    if (memory !== undefined) closeSync(memory);
  }
}

function mayBeSecret(name: string, value: string): boolean {
  return value !== "" && !OF_LIBRARIES.test(name) && (isSecretKey(name) || !looksPublic(value));
}

function addressOfEnvironment(): number {
  const stat = readFileSync("/proc/self/stat", "latin1");
  // The name stands in parentheses and may have any characters.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[ENV_START]);
}

/** Where an entry stands: between NULs, and more than once if the process was started so. */
function placesOf(shown: Buffer, entry: string): readonly { readonly at: number; readonly length: number }[] {
  const wanted = Buffer.from(`${entry}\0`);
  const places: { at: number; length: number }[] = [];
  for (let at = shown.indexOf(wanted); at >= 0; at = shown.indexOf(wanted, at + 1)) {
    if (at === 0 || shown[at - 1] === 0) places.push({ at, length: wanted.length - 1 });
  }
  return places;
}

/** Writes only where the memory has what is expected there: anything else is not ours. */
function overwrite(memory: number, address: number, expected: Buffer): void {
  const found = Buffer.alloc(expected.length);
  readSync(memory, found, 0, found.length, address);
  if (!found.equals(expected)) throw new Error("the environment is not where the kernel says");
  writeSync(memory, Buffer.alloc(expected.length), 0, expected.length, address);
}
