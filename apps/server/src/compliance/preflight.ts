import { createPrivateKey } from "node:crypto";
import { accessSync, constants, lstatSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { OptionProblem } from "@mcp-hangar/core";
import { capturePublicKey } from "./create-capture.ts";
import { type ComplianceSection, sinksOf } from "./options.ts";
import { OUTPUT_SINK } from "./output-sink.ts";
import type { SinkOptions, SinkTlsOptions } from "./sink-options.ts";

/** What the section `compliance` names and this machine does not have, or not so that the gateway can use it. */
export function preflightCompliance(section: ComplianceSection): readonly OptionProblem[] {
  const { journal, capture } = section;
  const sinks = sinksOf(section);
  const offset = sinks.length - section.sinks.length;
  return [
    ...(journal === undefined ? [] : thrown(["journal", "folder"], () => usableFolder(journal.folder))),
    ...(journal?.key_file === undefined
      ? []
      : thrown(["journal", "key_file"], () => signingKey(journal.key_file ?? ""))),
    ...(capture === undefined
      ? []
      : thrown(["capture", "public_key_file"], () => capturePublicKey(capture.public_key_file))),
    ...sinks.flatMap((sink, place) => sinkProblems(sink, place < offset ? undefined : place - offset)),
  ];
}

/** `place` is that in the list; `undefined` for the sink of `output`. */
function sinkProblems(sink: SinkOptions, place: number | undefined): readonly OptionProblem[] {
  const path = (...keys: readonly string[]): OptionProblem["path"] =>
    place === undefined ? [OUTPUT_SINK] : ["sinks", place, ...keys];
  if (sink.type === "file") return thrown(path("path"), () => usableFile(sink.path));
  const tls = "tls" in sink ? sink.tls : undefined;
  return tls === undefined ? [] : thrown(path("tls"), () => usableTls(tls));
}

function thrown(path: OptionProblem["path"], look: () => void): readonly OptionProblem[] {
  try {
    look();
    return [];
  } catch (error) {
    return [{ path, message: (error as Error).message }];
  }
}

/** The type of the file system of `/proc` (PROC_SUPER_MAGIC, statfs(2)), which says that root may write there. */
const PROC = 0x9fa0;

/** A folder that can be written, or made. */
function usableFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) {
    const parent = dirname(resolve(folder));
    if (parent === resolve(folder)) throw new Error(`${folder} does not exist`);
    usableFolder(parent);
    return;
  }
  if (!found.isDirectory()) throw new Error(`${folder} is no folder: name another`);
  if (statfsSync(folder).type === PROC)
    throw new Error(`nothing can be kept in ${folder}: name a folder on a local disk`);
  accessSync(folder, constants.W_OK | constants.X_OK);
}

function usableFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw new Error(`${path} is no regular file: name another`);
  if (found !== undefined) accessSync(path, constants.W_OK);
  // Files are rotated, and a lock stands beside them.
  usableFolder(dirname(resolve(path)));
}

function signingKey(file: string): void {
  const pem = readFileSync(file, "utf8");
  const remedy = "make one with: openssl genpkey -algorithm ed25519";
  let type: string | undefined;
  try {
    type = createPrivateKey(pem).asymmetricKeyType;
  } catch {
    // The message of OpenSSL helps nobody.
    throw new Error(`${file} is no private key in PEM; ${remedy}`);
  }
  if (type !== "ed25519") throw new Error(`${file} is of the type ${type}; ${remedy}`);
}

function usableTls({ ca_file: caFile, cert_file: certFile, key_file: keyFile }: SinkTlsOptions): void {
  const read = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : readFileSync(file, "utf8");
  const [ca, cert, key] = [read(caFile), read(certFile), read(keyFile)];
  try {
    createSecureContext({ ca, cert, key });
  } catch (cause) {
    const files = [caFile, certFile, keyFile].filter((file) => file !== undefined).join(", ");
    throw new Error(
      `the TLS files do not work together (${(cause as Error).message}): ${files}; they must be PEM, the key that of the certificate`,
      { cause },
    );
  }
}
