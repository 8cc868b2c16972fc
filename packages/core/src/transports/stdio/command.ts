import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { SubprocessOptions } from "../../options.ts";
import { StartError } from "../session.ts";

/** A program that exists, and what to call it with. */
export interface ResolvedCommand {
  /** Absolute, so that no shell takes it for one of its own commands. */
  readonly file: string;
  readonly args: readonly string[];
  /** Absolute; `undefined` stands for the gateway's own. */
  readonly cwd: string | undefined;
}

type FileKind = "program" | "not_executable" | "missing";

/**
 * Finds the program of a server in the way a shell does, before anything is started.
 * @throws StartError with `cwd_missing`, `command_not_found` or `not_executable`
 */
export async function resolveCommand(
  options: Pick<SubprocessOptions, "command" | "args" | "cwd">,
  path: string | undefined,
): Promise<ResolvedCommand> {
  const [command = "", ...leading] = typeof options.command === "string" ? [options.command] : options.command;
  const args = [...leading, ...options.args];
  const cwd = options.cwd === undefined ? undefined : resolve(options.cwd);
  if (cwd !== undefined) await refuseUnusableFolder(cwd);
  const candidates = command.includes("/")
    ? [resolve(cwd ?? "", command)]
    : (path ?? "")
        .split(delimiter)
        .map((folder) => join(isAbsolute(folder) ? folder : resolve(cwd ?? "", folder), command));
  let refused: string | undefined;
  for (const file of command === "" ? [] : candidates) {
    const kind = await kindOf(file);
    if (kind === "program") return { file, args, cwd };
    if (kind === "not_executable") refused ??= file;
  }
  if (refused !== undefined) {
    throw new StartError(
      "not_executable",
      `${refused} is not an executable file. Make it one with chmod +x, or name the interpreter as the command and the file in "args".`,
      { option: "command" },
    );
  }
  throw new StartError("command_not_found", notFound(command, path), { option: "command" });
}

function notFound(command: string, path: string | undefined): string {
  if (/\s/.test(command)) {
    return `there is no program named "${command}". No shell splits the command: put its arguments in "args", or write the command as a list.`;
  }
  if (command.includes("/")) return `there is no file ${command}. Correct "command", or install the server.`;
  return (
    `there is no program named "${command}" in PATH (${path ?? "which is not set"}). ` +
    'Install it, give its full path in "command", or set PATH in "env".'
  );
}

async function refuseUnusableFolder(cwd: string): Promise<void> {
  const option = "cwd";
  const found = await stat(cwd).catch(() => undefined);
  if (found === undefined) {
    const message = `the working directory ${cwd} does not exist. Create it, or correct "cwd".`;
    throw new StartError("cwd_missing", message, { option });
  }
  if (!found.isDirectory()) {
    throw new StartError("cwd_missing", `the working directory ${cwd} is no folder. Correct "cwd".`, { option });
  }
  await access(cwd, constants.X_OK).catch((cause: unknown) => {
    const message = `the gateway may not enter the working directory ${cwd}. Correct its permissions, or "cwd".`;
    throw new StartError("cwd_denied", message, { cause, option });
  });
}

async function kindOf(file: string): Promise<FileKind> {
  try {
    if (!(await stat(file)).isFile()) return "not_executable";
  } catch {
    return "missing";
  }
  return access(file, constants.X_OK).then(
    () => "program",
    () => "not_executable",
  );
}
