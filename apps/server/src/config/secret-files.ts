import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { knownSecrets } from "@mcp-hangar/telemetry";

/** What `${file:…}` stands for: text, or why there is none. */
export type SecretFileContent =
  | { readonly kind: "text"; readonly text: string }
  /** A default may stand in for it, as for a variable that is not set or empty. */
  | { readonly kind: "absent"; readonly message: string }
  | { readonly kind: "unusable"; readonly message: string };

/** A file that a document names, and what was found in it. */
export interface SecretFile {
  /** Absolute. */
  readonly path: string;
  /** `undefined` when it could not be read. */
  readonly value: string | undefined;
}

/** Bytes of one file: keys and tokens have some hundred, and what is larger is no secret but a mistake. */
const FILE_BYTES_MAX = 64 * 1024;
/** Files that one document may name, so that a document cannot have the gateway read a disk. */
const FILES_MAX = 1_000;

/** Reads the files that a document names with `${file:…}`, each of them once, so that one document sees one state of them. */
export class SecretFiles {
  readonly #folder: string;
  readonly #contents = new Map<string, SecretFileContent>();

  /** Relative paths begin at the folder of `document`, a file. */
  constructor(document: string) {
    this.#folder = dirname(resolve(document));
  }

  /** The text of a file without the line break at its end. Never throws. */
  read(path: string): SecretFileContent {
    const file = resolve(this.#folder, path);
    const known = this.#contents.get(file);
    if (known !== undefined) return known;
    if (this.#contents.size >= FILES_MAX) {
      return { kind: "unusable", message: `more than ${FILES_MAX} files are named: take some out` };
    }
    const content = readSecret(file);
    this.#contents.set(file, content);
    // Nobody prints it from now on, whatever becomes of the document.
    if (content.kind === "text") knownSecrets.replace(`file ${file}`, [content.text]);
    return content;
  }

  /** All files that were read so far. */
  get files(): readonly SecretFile[] {
    return [...this.#contents].map(([path, content]) => ({
      path,
      value: content.kind === "text" ? content.text : undefined,
    }));
  }
}

function readSecret(file: string): SecretFileContent {
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK a pipe that nobody writes to would hold the gateway here.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(descriptor);
    if (!found.isFile()) return unusable(file, "is no regular file");
    if (found.size > FILE_BYTES_MAX) return unusable(file, `is larger than ${FILE_BYTES_MAX} bytes (${found.size})`);
    return textOf(file, readAtMost(descriptor, FILE_BYTES_MAX + 1));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      return { kind: "absent", message: `the file ${file} does not exist: create it, or write \${file:…:-default}` };
    }
    if (code === "EACCES") return unusable(file, "may not be read by the gateway: correct its permissions");
    return unusable(file, `cannot be read: ${message}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** A file may grow while it is read; what it says about its size is not relied upon. */
function readAtMost(descriptor: number, bytesMax: number): Buffer {
  const buffer = Buffer.alloc(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const read = readSync(descriptor, buffer, length, bytesMax - length, null);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
}

function textOf(file: string, bytes: Buffer): SecretFileContent {
  if (bytes.length > FILE_BYTES_MAX) return unusable(file, `is larger than ${FILE_BYTES_MAX} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return unusable(file, "is no UTF-8 text");
  }
  if (text.includes("\0")) return unusable(file, "has a NUL character in it");
  // Editors and `echo` end a file with a line break, which is no part of a secret.
  const value = text.replace(/\r?\n$/, "");
  if (value !== "") return { kind: "text", text: value };
  return { kind: "absent", message: `the file ${file} is empty: write the secret into it, or \${file:…:-default}` };
}

function unusable(file: string, why: string): SecretFileContent {
  return { kind: "unusable", message: `the file ${file} ${why}` };
}
