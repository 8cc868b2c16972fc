import type { OptionProblem } from "../../option-problem.ts";
import type { SubprocessOptions } from "../../options.ts";

/** What is looked at: the keys of which a process is made. */
type ProcessOptions = Pick<SubprocessOptions, "command" | "args" | "env" | "cwd" | "user" | "group">;

/** Names that a shell hands on to the program it starts; the supervisor is one. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Bytes of one argument or variable on Linux (MAX_ARG_STRLEN), with the NUL at its end. */
const STRING_BYTES_MAX = 131_072;

/** Why no process could be made of the options, whatever is installed. */
export function subprocessProblems(options: ProcessOptions): readonly OptionProblem[] {
  const [program] = typeof options.command === "string" ? [options.command] : options.command;
  const empty = program === undefined || program.trim() === "";
  return [
    ...(empty ? [{ path: ["command"], message: "the command names no program: its first word is empty" }] : []),
    ...Object.keys(options.env)
      .filter((name) => !VARIABLE.test(name))
      .map((name) => ({
        path: ["env", name],
        message: "this is no name of a variable that a program can inherit: use letters, digits and _",
      })),
    ...(options.group !== undefined && options.user === undefined
      ? [{ path: ["group"], message: 'a group is for a server that runs as another user: name it in "user"' }]
      : []),
    ...stringsOf(options)
      .filter(({ text }) => text.includes("\0"))
      .map(({ path }) => ({ path, message: "a NUL character cannot be handed to a program: take it out" })),
  ];
}

/** What Linux refuses to hand to a program because it is too long. */
export function oversizeProblems(options: ProcessOptions): readonly OptionProblem[] {
  return stringsOf(options).flatMap(({ path, text }) => {
    const bytes = Buffer.byteLength(text) + 1;
    if (bytes <= STRING_BYTES_MAX) return [];
    const message = `${bytes} bytes are too many for one argument or variable: at most ${STRING_BYTES_MAX}. Put them into a file`;
    return [{ path, message }];
  });
}

/** Everything that becomes an argument or a variable (with its name), or the working directory. */
function stringsOf({
  command,
  args,
  env,
  cwd,
}: ProcessOptions): readonly { path: OptionProblem["path"]; text: string }[] {
  const words = typeof command === "string" ? [{ path: ["command"], text: command }] : listed("command", command);
  return [
    ...words,
    ...listed("args", args),
    ...Object.entries(env).map(([name, value]) => ({ path: ["env", name], text: `${name}=${value}` })),
    ...(cwd === undefined ? [] : [{ path: ["cwd"], text: cwd }]),
  ];
}

function listed(key: string, texts: readonly string[]): readonly { path: OptionProblem["path"]; text: string }[] {
  return texts.map((text, index) => ({ path: [key, index], text }));
}
