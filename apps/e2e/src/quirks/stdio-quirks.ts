/** One way in which a server over its pipes differs from what the specification or common sense say. */
export interface StdioQuirk {
  readonly name: string;
  /** What is written in place of the answer, which is JSON text; bytes as latin1. */
  readonly write: (answer: string, id: unknown) => readonly string[];
  /** Whether an official client waits in vain, so that it is given less time. */
  readonly silent?: boolean;
  /** Whether the program ends behind it. */
  readonly exits?: boolean;
  /** Whether it says this when it starts, and is like others then. */
  readonly atStart?: boolean;
}

const before = (noise: string) => (answer: string) => [`${noise}\n${answer}\n`];

/** What is measured over stdio. All answers are ASCII, so that latin1 leaves them as they are. */
export const STDIO_QUIRKS: readonly StdioQuirk[] = [
  { name: "nothing strange", write: (answer) => [`${answer}\n`] },
  { name: "text in front of an answer", write: before("Server is working...") },
  { name: "blank lines", write: before("\n\n  \n") },
  {
    name: "a JSON log line with an id",
    write: (answer, id) => [`{"level":"info","id":${JSON.stringify(id)},"msg":"x"}\n${answer}\n`],
  },
  { name: "a JSON array", write: before("[1,2,3]") },
  { name: "a JSON text", write: before('"ready"') },
  { name: "the answer to another request", write: before('{"jsonrpc":"2.0","id":98765,"result":{}}') },
  { name: "a notification that nobody knows", write: before('{"jsonrpc":"2.0","method":"x/y"}') },
  { name: "bytes that are no UTF-8", write: before("\xff\xfe\xff") },
  { name: "CR LF", write: (answer) => [`${answer}\r\n`] },
  { name: "a byte order mark", write: (answer) => [`\xef\xbb\xbf${answer}\n`], silent: true },
  { name: "an id as text", write: (answer, id) => [`${JSON.stringify({ ...JSON.parse(answer), id: String(id) })}\n`] },
  {
    name: "an error that is null",
    write: (answer) => [`${JSON.stringify({ ...JSON.parse(answer), error: null })}\n`],
    silent: true,
  },
  { name: "a batch of one", write: (answer) => [`[${answer}]\n`], silent: true },
  { name: "the answer twice", write: (answer) => [`${answer}\n${answer}\n`] },
  { name: "one byte at a time", write: (answer) => [...answer.split(""), "\n"] },
  { name: "an exit behind the answer", write: (answer) => [`${answer}\n`], exits: true },
  { name: "text when it starts", write: () => ["Welcome!\n\x1b[32mready\x1b[0m\n"], atStart: true },
  {
    name: "a log line of JSON when it starts",
    write: () => ['{"level":30,"id":0,"msg":"listening"}\n'],
    atStart: true,
  },
  { name: "a byte order mark when it starts", write: () => ["\xef\xbb\xbf\n"], atStart: true },
];

/** The name of the tool that has a quirk. */
export function toolOf(quirk: number): string {
  return `quirk_${quirk}`;
}
