import { ABILITIES, type Ability, type Outcome, type Outcomes } from "./abilities.ts";

/** What was seen of one client. */
export interface MeasuredClient {
  /** `name@version`. */
  readonly name: string;
  readonly direct: Outcomes;
  readonly ours: Outcomes;
}

const TITLES: Readonly<Record<Ability, string>> = {
  list: "List",
  call: "Call",
  cancel: "Cancel",
  progress: "Progress",
  read: "Read a resource",
  prompt: "Get a prompt",
};

const INTRODUCTION = `# Published clients

<!-- Written by apps/e2e/test/published-clients.nightly.test.ts from what it saw. Do not edit: run it with --update. -->

Clients from npm as they are, at a server made with the official SDK, without a gateway and through \`/servers/<id>/mcp\`. **works** is said of
what works both ways with the same answer, **fails** of what fails both ways, and – of what the client has no way to do. To cancel means that the server
hears of it; to hang up does so in the modern era, which the gateway speaks with clients that know it, and the server does not. Over HTTP+SSE is the way through
\`/servers/<id>/sse\`; without a gateway the server, which has no such way, was asked over Streamable HTTP.

`;

/** The page \`docs/reference/published-clients.md\`. */
export function clientsPage(clients: readonly MeasuredClient[]): string {
  const head = ["Client", ...ABILITIES.map((ability) => TITLES[ability])];
  const rows = clients.map(({ name, direct, ours }) => [
    name,
    ...ABILITIES.map((ability) => cell(direct[ability], ours[ability])),
  ]);
  const reasons = clients.flatMap(({ name, direct }) => {
    const own = ABILITIES.flatMap((ability) => {
      const found = direct[ability];
      const why = "cannot" in found ? found.cannot : "failed" in found ? found.failed : undefined;
      return why === undefined ? [] : [`${TITLES[ability].toLowerCase()}: ${why}`];
    });
    return own.length === 0 ? [] : [`- ${name}: ${own.join("; ")}.`];
  });
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  return `${INTRODUCTION}${table}\nWhy not:\n\n${reasons.join("\n")}\n`;
}

function cell(direct: Outcome, ours: Outcome): string {
  if ("cannot" in direct) return "–";
  if ("told" in direct) return "told" in ours ? "works" : "**without the gateway only**";
  return "told" in ours ? "behind the gateway only" : "fails";
}
