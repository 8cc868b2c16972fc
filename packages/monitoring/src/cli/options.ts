import { Command } from "commander";
import { resolveOptions } from "../settings/options.ts";
import { optionsSchema } from "../settings/options-schema.ts";
import type { CommandContext } from "./command-line.ts";
import { readOptions } from "./read-options.ts";

const HELP = `
To start a file of options with help from an editor:
  mcp-hangar-monitoring options --schema > options.schema.json
  echo '{ "$schema": "./options.schema.json" }' > options.json
Only what differs from the defaults needs to be in it. Lists are replaced as a whole.
`;

/** `options`: what can be set, and what is in force. */
export function optionsCommand({ terminal }: CommandContext): Command {
  return new Command("options")
    .summary("show what can be set, and the defaults")
    .description("Prints every option with its default as JSON; with --options, with what that file changes.")
    .option("--schema", "print a JSON Schema of the file instead", false)
    .option("--options <file>", "a JSON file with what differs from the defaults")
    .addHelpText("after", HELP)
    .action(async ({ schema, options }: { readonly schema: boolean; readonly options?: string }) => {
      const shown = schema ? optionsSchema() : resolveOptions(await readOptions(options));
      terminal.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    });
}
