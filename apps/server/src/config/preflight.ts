import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import {
  type OptionProblem,
  type Platform,
  preflightDecisions,
  preflightDiscoverySource,
  preflightEntry,
} from "@mcp-hangar/core";
import { KeyFile } from "../access/key-file.ts";
import { preflightCompliance } from "../compliance/preflight.ts";
import { preflightEgress } from "../egress/preflight.ts";
import { readTlsFiles } from "../http/tls-certificate.ts";
import { preflightOtlp } from "./preflight-otlp.ts";
import type { ConfigPath, ConfigProblem } from "./problem.ts";
import type { Config } from "./schema.ts";

/** What a valid configuration names and this machine does not have, or not so that the gateway can use it. */
export interface PreflightOptions {
  readonly platform: Platform;
  /** The line of the value at a path. */
  readonly lineOf: (path: ConfigPath) => number | undefined;
  /** Whether a section is looked at; all are when absent. */
  readonly isOfInterest?: (section: ConfigPath) => boolean;
}

/** One section that is looked at by itself. */
interface Check {
  readonly section: ConfigPath;
  readonly find: () => Promise<readonly OptionProblem[]>;
}

/**
 * Looks for what would be refused when the configuration is used, without starting anything and without asking others:
 * files, folders and programs that are missing or cannot be used. The same for `config check`, the start and each reload.
 */
export async function preflight(config: Config, options: PreflightOptions): Promise<readonly ConfigProblem[]> {
  const { lineOf, isOfInterest = () => true } = options;
  const checks = checksOf(config, options.platform).filter(({ section }) => isOfInterest(section));
  const found = await Promise.all(
    checks.map(async ({ section, find }) =>
      (await find()).map(({ path, message }) => {
        const whole = [...section, ...path];
        return { path: whole, line: lineOf(whole), message, elsewhere: true } as const;
      }),
    ),
  );
  return found.flat();
}

function checksOf(
  { mcp_servers, discovery, auth, http, history, logging, compliance, observability, egress }: Config,
  platform: Platform,
): readonly Check[] {
  const file = (section: ConfigPath, path: string | undefined, look: (path: string) => void): readonly Check[] =>
    path === undefined ? [] : [{ section, find: async () => thrown(() => look(path)) }];
  const { tls } = http;
  return [
    ...Object.entries(mcp_servers).map(([id, entry]) => ({
      section: ["mcp_servers", id],
      find: () => preflightEntry(entry, platform),
    })),
    ...Object.entries(discovery.sources).map(([name, source]) => ({
      section: ["discovery", "sources", name],
      find: () => preflightDiscoverySource(source, platform),
    })),
    { section: ["discovery", "decisions_file"], find: () => preflightDecisions(discovery) },
    ...file(["auth", "api_keys", "file"], auth.api_keys?.file, (path) => void new KeyFile(path).read()),
    ...(tls === undefined ? [] : [{ section: ["http", "tls"], find: async () => thrown(() => readTlsFiles(tls)) }]),
    ...file(["history", "file"], history.file, historyFile),
    ...file(["logging", "file"], logging.file, appendable),
    { section: ["egress"], find: async () => preflightEgress(egress, platform.env) },
    { section: ["compliance"], find: async () => preflightCompliance(compliance) },
    { section: ["observability"], find: async () => (await preflightOtlp(observability, platform.env)).problems },
  ];
}

function thrown(look: () => unknown): readonly OptionProblem[] {
  try {
    look();
    return [];
  } catch (error) {
    return [{ path: [], message: (error as Error).message }];
  }
}

/** Devices and pipes will do, such as /dev/stderr. */
function appendable(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new Error(`${file} is a folder: name a file`);
  if (found === undefined) accessSync(dirname(file), constants.W_OK | constants.X_OK);
  else accessSync(file, constants.W_OK);
}

/** What every file of SQLite begins with, unless it is empty. */
const SQLITE_HEADER = "SQLite format 3\0";

function historyFile(file: string): void {
  appendable(file);
  // SQLite writes its journal beside the file.
  accessSync(dirname(file), constants.W_OK | constants.X_OK);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isFile()) throw new Error(`${file} is no regular file: name another`);
  const descriptor = openSync(file, "r");
  try {
    const header = Buffer.alloc(SQLITE_HEADER.length);
    const length = readSync(descriptor, header);
    if (length > 0 && header.toString("latin1") !== SQLITE_HEADER)
      throw new Error(`${file} is no SQLite file: name another`);
  } finally {
    closeSync(descriptor);
  }
}
