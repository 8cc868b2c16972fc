import { Command } from "commander";
import { diffCatalogs } from "../diff/diff.ts";
import { catalogLock } from "../diff/lock.ts";
import { InputUnusable } from "../diff/parse-lock.ts";
import { reportJson, reportText } from "../diff/report.ts";
import { resolveOptions } from "../settings/options.ts";
import { buildStack } from "../stack.ts";
import type { CommandContext } from "./command-line.ts";
import { readCatalog } from "./read-catalog.ts";
import { readOptions } from "./read-options.ts";

const HELP = `
What is compared: metrics with their types, labels, label values, bucket boundaries and help texts; recording rules and
alerts with their labels. Breaking is whatever can leave a query without an answer or make it ambiguous: anything that
is removed or renamed, another type, and a new label on a series that exists. New names, values and boundaries are
compatible.

Exit codes: 0 nothing is breaking, 1 something is, 2 the catalogs could not be compared.

Before an upgrade, in the folder of the generated files:
  mcp-hangar-monitoring diff monitoring/catalog.json
Against a release, in the repository:
  git show @mcp-hangar/telemetry@1.0.0:monitoring/catalog.json | mcp-hangar-monitoring diff -
`;

interface DiffOptions {
  readonly json: boolean;
  readonly options?: string;
}

/** `diff`: what changed in the public names between two catalogs. */
export function diffCommand({ terminal, foundSomething }: CommandContext): Command {
  return new Command("diff")
    .summary("compare the public names of two versions")
    .description("Lists what changed in metrics, recording rules and alerts between two catalogs.")
    .argument("<old>", "catalog.json of the version that is in use, - for the standard input")
    .argument("[new]", "catalog.json of the other version; by default the one of the installed packages")
    .option("--options <file>", "the JSON file that the stack of the installed packages is generated with")
    .option(
      "--json",
      "print JSON: {breaking, compatible, changes: [{impact, kind, subject, name, detail, renamedTo?}]}",
      false,
    )
    .addHelpText("after", HELP)
    .action(async (old: string, now: string | undefined, { json, options }: DiffOptions) => {
      if (old === "-" && now === "-") {
        throw new InputUnusable(
          "Both catalogs are -, and there is only one standard input. Give a file for one of them.",
        );
      }
      if (now !== undefined && options !== undefined) {
        throw new InputUnusable(
          "--options is for the installed packages, and another catalog is given. Leave one of them out.",
        );
      }
      const before = await readCatalog(old, terminal.stdin);
      const after = now === undefined ? await installed(options) : await readCatalog(now, terminal.stdin);
      const changes = diffCatalogs(before, after);
      terminal.stdout.write(json ? reportJson(changes) : reportText(changes));
      if (changes.some(({ impact }) => impact === "breaking")) foundSomething();
    });
}

async function installed(options: string | undefined) {
  return catalogLock(buildStack(resolveOptions(await readOptions(options))));
}
