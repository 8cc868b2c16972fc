import { isSecretKey } from "./secret-names.ts";

/** Headers that say what a message is and not who sends it. */
export const PLAIN_HEADERS = /^(?:accept(?:-.*)?|content-.*|user-agent|host|origin|referer|cache-control|connection)$/i;

/** Options whose value is a variable with its value, a header, or a user with a password. */
const VARIABLE_OPTIONS: ReadonlySet<string> = new Set(["-e", "--env", "--build-arg"]);
const HEADER_OPTIONS: ReadonlySet<string> = new Set(["-H", "--header"]);
const USER_OPTIONS: ReadonlySet<string> = new Set(["-u", "--user", "--userpwd", "--proxy-user"]);

/** A number, a port, two of them, or a path: what `-p` may mean beside a password. */
const PORT_OR_PATH = /^(?:[\d.,:-]+|(?:~|\.{1,2})?\/.*)$/s;

/** An option and its value in one argument. */
const LONG_WITH_VALUE = /^(--[A-Za-z][\w.-]{0,127})=(.*)$/s;

/** Where in each argument of a command line a secret begins and goes on to the end; `undefined` where there is none. */
export function secretArguments(args: readonly string[]): readonly (number | undefined)[] {
  return args.map((argument, index) => {
    const inOne = LONG_WITH_VALUE.exec(argument);
    if (inOne !== null) return shifted(beginOf(inOne[1] ?? "", inOne[2] ?? ""), argument, inOne[2] ?? "");
    const attached = /^-p(.+)$/s.exec(argument)?.[1];
    // `-phunter2` of a database client; `-port` and `-path` are options by one dash.
    if (attached !== undefined && !/^[a-z-]+(?:=.*)?$/s.test(attached) && !PORT_OR_PATH.test(attached)) return 2;
    const option = args[index - 1];
    return option === undefined || !/^--?[A-Za-z][\w.-]*$/.test(option) ? undefined : beginOf(option, argument);
  });
}

/** Where the secret begins in the value of an option. */
function beginOf(option: string, value: string): number | undefined {
  if (isSecretKey(option)) return 0;
  if (option === "-p") return PORT_OR_PATH.test(value) || value.startsWith("-") ? undefined : 0;
  if (VARIABLE_OPTIONS.has(option)) return behind(value, "=");
  if (HEADER_OPTIONS.has(option)) {
    const name = value.split(":", 1)[0] ?? "";
    return PLAIN_HEADERS.test(name) ? undefined : behind(value, ":");
  }
  // Numbers are ids of a user and a group.
  if (USER_OPTIONS.has(option)) return /^\d+:\d+$/.test(value) ? undefined : behind(value, ":");
  return undefined;
}

/** The place behind the first separator and the blanks that follow it. */
function behind(value: string, separator: string): number | undefined {
  const at = value.indexOf(separator);
  if (at < 0) return undefined;
  const rest = value.slice(at + 1);
  const blanks = rest.length - rest.trimStart().length;
  return rest.trim() === "" ? undefined : at + 1 + blanks;
}

function shifted(begin: number | undefined, argument: string, value: string): number | undefined {
  return begin === undefined || value === "" ? undefined : argument.length - value.length + begin;
}
