import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { readDecisions } from "./discovery/decisions-file.ts";
import type { DiscoveryOptions } from "./discovery/options.ts";
import { preflightSource, type SourceOptions } from "./discovery/sources/index.ts";
import type { OptionProblem } from "./option-problem.ts";
import type { EntryOptions } from "./options.ts";
import type { Platform } from "./platform/platform.ts";
import { clientEnvironment } from "./transports/docker/client-environment.ts";
import { findClient } from "./transports/docker/index.ts";
import { tlsConnect } from "./transports/http/tls-files.ts";
import { StartError } from "./transports/session.ts";
import { subprocessProgram } from "./transports/stdio/subprocess-program.ts";

/**
 * Looks for what would keep a server from being started on this machine, without starting anything and without asking
 * others: programs, folders and files that are missing or cannot be used. It is what each start does first, so that what is
 * found here is what would be found then. A group has nothing of its own to find.
 */
export function preflightEntry(options: EntryOptions, platform: Platform): Promise<readonly OptionProblem[]> {
  return problemsOf(async () => {
    switch (options.mode) {
      case "subprocess":
        await subprocessProgram(options, { platform, id: "" }).prepare(() => {});
        break;
      case "docker":
        await findClient(options, clientEnvironment(platform.env, {}).other.PATH);
        break;
      case "remote":
        await tlsConnect(options.tls);
        break;
      case "group":
        break;
    }
  });
}

/** As {@link preflightEntry}, for a source of discovery: what its first cycle would find before it asks anybody. */
export function preflightDiscoverySource(
  options: SourceOptions,
  platform: Pick<Platform, "env">,
): Promise<readonly OptionProblem[]> {
  return problemsOf(() => preflightSource(options, platform));
}

/** As {@link preflightEntry}, for what discovery keeps on disk. */
export function preflightDecisions({
  decisions_file: file,
}: Pick<DiscoveryOptions, "decisions_file">): Promise<readonly OptionProblem[]> {
  return problemsOf(async () => {
    if (file === undefined) return;
    readDecisions(file);
    // Each decision is written to a new file beside it.
    await access(dirname(file), constants.W_OK);
  });
}

async function problemsOf(look: () => Promise<void>): Promise<readonly OptionProblem[]> {
  try {
    await look();
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const option = error instanceof StartError ? error.option : undefined;
    return [{ path: option === undefined ? [] : option.split(".").map(asStep), message }];
  }
}

/** Steps into lists are numbers. */
function asStep(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}
