import type { Command, Option } from "commander";
import { examples } from "./examples.ts";

/** What every command for API keys takes. */
export interface KeysOptions {
  readonly config?: string;
  readonly json?: true;
}

export interface KeysCreateOptions extends KeysOptions {
  readonly name: string;
  readonly role: readonly string[];
  readonly expires?: string;
  readonly static?: true;
}

/** What `keys revoke` takes besides. */
export interface KeysRevokeOptions extends KeysOptions {
  readonly force?: true;
}

/** Adds `mcp-hangar keys`. An action resolves to the exit code. */
export function addKeysCommands(
  program: Command,
  configOption: () => Option,
  setExitCode: (code: number) => void,
): void {
  const keys = program.command("keys").description("Work with the API keys of auth.api_keys.file.");
  keys
    .command("create")
    .description("Create an API key and print it, this once.")
    .requiredOption("--name <name>", "who gets the key; it stands in records and metrics")
    .requiredOption("--role <role...>", "roles of the key")
    .option("--expires <time>", "until when it is valid: 90d, 12h, 30m or 2027-01-31T00:00:00Z (default: never)")
    .option("--static", "write nothing: print the key and the entry for auth.api_keys.static")
    .addOption(configOption())
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      examples(["keys create --name me --role admin", "keys create --name ci --role agent --expires 90d"]),
    )
    .action(async (options: KeysCreateOptions) =>
      setExitCode(await (await import("./keys-command.ts")).runKeysCreate(options)),
    );
  keys
    .command("list")
    .description("List the API keys; the keys themselves are kept nowhere.")
    .addOption(configOption())
    .option("--json", "print JSON")
    .addHelpText("after", examples(["keys list", "keys list --json"]))
    .action(async (options: KeysOptions) =>
      setExitCode(await (await import("./keys-command.ts")).runKeysList(options)),
    );
  keys
    .command("revoke")
    .description("Revoke an API key for good; a running gateway refuses it within a second.")
    .argument("<id>", "id of the key")
    .option("--force", "revoke the last key with all rights, too")
    .addOption(configOption())
    .option("--json", "print JSON")
    .addHelpText("after", examples(["keys revoke o9qdqqlqigdq"]))
    .action(async (id: string, options: KeysRevokeOptions) =>
      setExitCode(await (await import("./keys-command.ts")).runKeysRevoke(id, options)),
    );
}
