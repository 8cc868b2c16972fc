import type { DockerOptions } from "../../options.ts";
import type { Platform } from "../../platform/platform.ts";
import { StartError, type Transport } from "../session.ts";
import { resolveCommand } from "../stdio/command.ts";
import { programTransport, type StdioContext } from "../stdio/index.ts";
import type { ServerProgram } from "../stdio/server-program.ts";
import { requirePosix } from "../stdio/subprocess-program.ts";
import type { SupervisedCommand } from "../stdio/supervisor.ts";
import { clientEnvironment } from "./client-environment.ts";
import { ContainerReaper } from "./container-reaper.ts";
import { describeContainerEnd, diagnoseContainer, explainDelay } from "./diagnose.ts";
import { runArguments } from "./run-arguments.ts";

/** Runs a server in a container of its own and talks to it over the pipes of the engine's client. */
export function dockerTransport(options: DockerOptions, context: StdioContext): Transport {
  return programTransport(new ContainerProgram(options, context), context);
}

/** Characters of the random end of a container's name: enough that no two containers ever meet. */
const SUFFIX_LENGTH = 12;

class ContainerProgram implements ServerProgram {
  readonly #options: DockerOptions;
  readonly #platform: Platform;
  readonly #id: string;

  constructor(options: DockerOptions, { platform, id }: Pick<StdioContext, "platform" | "id">) {
    this.#options = options;
    this.#platform = platform;
    this.#id = id;
  }

  async prepare(log: (line: string) => void): Promise<SupervisedCommand> {
    requirePosix(this.#platform, "docker");
    const { run, other, byName, byValue } = clientEnvironment(this.#platform.env, this.#options.env);
    const file = await findClient(this.#options, other.PATH);
    const name = containerName(this.#id, this.#platform.uuid());
    const reaper = await ContainerReaper.start({ platform: this.#platform, client: file, env: other, name, log });
    return {
      label: this.#id,
      file,
      args: runArguments(this.#options, { server: this.#id, name, byName, byValue }),
      cwd: undefined,
      env: run,
      cleanUp: () => reaper.finish(),
    };
  }

  diagnose(end: Parameters<ServerProgram["diagnose"]>[0]): StartError {
    return diagnoseContainer(this.#options, end);
  }

  describeEnd(code: number | undefined): string {
    return describeContainerEnd(this.#options, code);
  }

  explainDelay(stderr: readonly string[]): string | undefined {
    return explainDelay(this.#options, stderr);
  }
}

/** Names of containers are of letters, digits, `_`, `.` and `-`; ids have no other characters, unless a library gives them. */
function containerName(id: string, uuid: string): string {
  const readable = id.replaceAll(/[^a-zA-Z0-9_.-]/g, "-").slice(0, 63);
  return `mcp-hangar-${readable}-${uuid.replaceAll("-", "").slice(0, SUFFIX_LENGTH)}`;
}

/**
 * The engine's client as an absolute path.
 * @throws StartError when it is not there
 */
export async function findClient(
  options: Pick<DockerOptions, "command" | "engine">,
  path: string | undefined,
): Promise<string> {
  if (options.command !== undefined) {
    return (await resolveCommand({ command: options.command, args: [], cwd: undefined }, path)).file;
  }
  const engines = options.engine === "auto" ? ["docker", "podman"] : [options.engine];
  let failure: unknown;
  for (const engine of engines) {
    try {
      return (await resolveCommand({ command: engine, args: [], cwd: undefined }, path)).file;
    } catch (error) {
      failure ??= error;
    }
  }
  throw new StartError(
    "engine_missing",
    `no client of ${engines.join(" or ")} is in PATH (${path ?? "which is not set"}). Install it, give its path in "command", or choose another "engine".`,
    { cause: failure, option: "engine" },
  );
}
