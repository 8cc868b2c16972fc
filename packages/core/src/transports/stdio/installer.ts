import { basename } from "node:path";
import type { SubprocessOptions } from "../../options.ts";

/** Programs that fetch a package and run what is in it. */
const INSTALLERS: ReadonlySet<string> = new Set(["npx", "pnpx", "bunx", "uvx"]);

/** The same of programs that do other things besides: what has to stand first in their arguments. */
const SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  npm: ["exec", "x"],
  pnpm: ["dlx"],
  yarn: ["dlx"],
  bun: ["x"],
  uv: ["tool run", "run"],
  pipx: ["run"],
};

/** The installer that starts the server, as people call it: `npx`, `uv tool run`; `undefined` for a server that is started itself. */
export function installerOf({ command, args }: Pick<SubprocessOptions, "command" | "args">): string | undefined {
  const [program = "", ...leading] = typeof command === "string" ? [command] : command;
  const name = basename(program);
  if (INSTALLERS.has(name)) return name;
  const words = [...leading, ...args].filter((arg) => !arg.startsWith("-"));
  const known = Object.hasOwn(SUBCOMMANDS, name) ? (SUBCOMMANDS[name] ?? []) : [];
  const found = known.find((subcommand) => words.slice(0, subcommand.split(" ").length).join(" ") === subcommand);
  return found === undefined ? undefined : `${name} ${found}`;
}

const PROGRAMS = /^(?:npx|npm|pnpx|pnpm|yarn|bunx?|uvx?|pipx|corepack|volta(?:-shim)?)(?:-cli)?(?:\.[cm]?js)?$/;

/** Whether a command line is one of an installer or of what stands before one, such as `node …/npx-cli.js`. */
export function isInstaller(commandLine: readonly string[]): boolean {
  const [first = "", ...rest] = commandLine;
  // npm writes what it does into the place of its name: "npm exec <package>".
  const words = [first.split(" ", 1)[0] ?? "", ...rest.slice(0, 2)];
  return words.some((word) => PROGRAMS.test(basename(word)));
}
