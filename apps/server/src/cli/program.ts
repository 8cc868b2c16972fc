import { Command, InvalidArgumentError, Option } from "commander";
import { BUILD } from "../build-info.ts";
import { gatewayUrl } from "../config/environment.ts";
import type { GatewayAddress } from "./ask-gateway.ts";
import { addAuditCommands } from "./audit-program.ts";
import { examples } from "./examples.ts";
import { addKeysCommands } from "./keys-program.ts";
import { writeTo } from "./terminal-text.ts";

/**
 * The command line. Each command loads its code when it runs, so that `--help` and `status` do not pay for the gateway.
 * An action resolves to the exit code.
 */
export function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("mcp-hangar")
    .description("A self-hosted gateway for a fleet of MCP servers.")
    .version(BUILD.version)
    .configureOutput({
      writeOut: (text) => writeTo(process.stdout, text),
      writeErr: (text) => writeTo(process.stderr, text),
    })
    .showHelpAfterError("(add --help for the options and examples)")
    .addHelpText(
      "after",
      examples(["serve --http", 'call math add --args \'{"a": 1, "b": 2}\'', "status", "config check"]),
    );

  program
    .command("serve")
    .description("Run the gateway: over stdio, or over HTTP with --http.")
    .option("--http", "serve HTTP (also: MCP_MODE=http)")
    .option("--host <address>", "address to bind (http.host, MCP_HTTP_HOST; default 127.0.0.1)")
    .option("--port <number>", "port to bind, 0 for a free one (http.port, MCP_HTTP_PORT; default 8000)", parsePort)
    .addOption(configOption())
    .option("--unsafe-no-auth", "allow a bind beyond loopback although anybody could call every tool")
    .addHelpText("after", examples(["serve", "serve --http", "serve --http --port 9000 --config fleet.yaml"]))
    .action(async (options: ServeOptions) => setExitCode(await (await import("./serve-command.ts")).runServe(options)));

  program
    .command("status")
    .description("Show how a running gateway and its servers are.")
    .addOption(urlOption())
    .addOption(apiKeyOption())
    .option("--json", "print JSON instead of a table")
    .addHelpText("after", examples(["status", "status --json", "status --url http://127.0.0.1:9000"]))
    .action(async (options: StatusOptions) =>
      setExitCode(await (await import("./status-command.ts")).runStatus(options)),
    );

  for (const action of ["start", "stop"] as const) {
    program
      .command(action)
      .description(
        action === "start"
          ? "Start a server of a running gateway, and say why when it does not start."
          : "Stop a server of a running gateway; its next call starts it again.",
      )
      .argument("<server>", "id of the server")
      .addOption(urlOption())
      .addOption(apiKeyOption())
      .option("--json", "print the answer as JSON")
      .addHelpText("after", examples([`${action} math`, `${action} math --url http://127.0.0.1:9000 --json`]))
      .action(async (server: string, options: LifecycleOptions) =>
        setExitCode(await (await import("./lifecycle-command.ts")).runLifecycle(action, server, options)),
      );
  }

  program
    .command("call")
    .description("Call a tool: of a running gateway, or with --config of a server started just for this call.")
    .argument("<server>", "id of the server")
    .argument("<tool>", "name of the tool, without a prefix")
    .option("--args <json>", "arguments of the tool as a JSON object", parseArguments, {})
    .addOption(urlOption().conflicts("config"))
    .addOption(apiKeyOption())
    .addOption(configOption("configuration of the server to start for this call"))
    .option("--json", "print the whole result as JSON")
    .addHelpText(
      "after",
      examples(['call math add --args \'{"a": 1, "b": 2}\'', "call math add --config fleet.yaml --json"]),
    )
    .action(async (server: string, tool: string, options: CallOptions) =>
      setExitCode(await (await import("./call-command.ts")).runCall(server, tool, options)),
    );

  const config = program.command("config").description("Work with the configuration.");
  config
    .command("check")
    .description("Check a configuration file, and what it names on this machine, and list every problem.")
    .argument("[file]", "the file (default: --config, MCP_CONFIG or config.yaml)")
    .addOption(configOption())
    .option("--syntax-only", "look at the file only, not for the programs, folders and files that it names")
    .addHelpText(
      "after",
      examples(["config check", "config check fleet.yaml", "config check fleet.yaml --syntax-only"]),
    )
    .action(async (file: string | undefined, options: ConfigCheckCommandOptions) =>
      setExitCode(await (await import("./config-command.ts")).runConfigCheck(file ?? options.config, options)),
    );
  config
    .command("reload")
    .description("Have a running gateway read its configuration again and put the changes into force.")
    .addOption(urlOption())
    .addOption(apiKeyOption())
    .option("--json", "print the answer as JSON")
    .addHelpText("after", examples(["config reload", "config reload --url http://127.0.0.1:9000 --json"]))
    .action(async (options: ConfigReloadCommandOptions) =>
      setExitCode(await (await import("./config-reload-command.ts")).runConfigReload(options)),
    );
  addKeysCommands(program, configOption, setExitCode);
  addAuditCommands(program, configOption, setExitCode);
  return program;
}

export interface ServeOptions {
  readonly http?: true;
  readonly host?: string;
  readonly port?: number;
  readonly config?: string;
  readonly unsafeNoAuth?: true;
}

export interface StatusOptions extends GatewayAddress {
  readonly json?: true;
}

export interface ConfigCheckCommandOptions {
  readonly config?: string;
  readonly syntaxOnly?: true;
}

export interface LifecycleOptions extends GatewayAddress {
  readonly json?: true;
}

export interface ConfigReloadCommandOptions extends GatewayAddress {
  readonly json?: true;
}

export interface CallOptions extends GatewayAddress {
  readonly args: Readonly<Record<string, unknown>>;
  readonly config?: string;
  readonly json?: true;
}

function configOption(description = "configuration file (default: MCP_CONFIG or config.yaml)"): Option {
  return new Option("--config <file>", description);
}

function urlOption(): Option {
  const url = gatewayUrl(process.env);
  return new Option("--url <url>", "where the gateway listens").default(url).argParser(parseUrl);
}

/** On the command line others of this machine may read it, so the variable is what help names first. */
function apiKeyOption(): Option {
  return new Option("--api-key <key>", "key for a gateway that asks who its callers are")
    .env("MCP_API_KEY")
    .argParser(parseApiKey);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return port;
}

/** An empty variable is none. What is wrong with a key is said without the key: an InvalidArgumentError would print it. */
function parseApiKey(text: string): string | undefined {
  if (!/^[!-~]*$/.test(text)) {
    throw new Error("--api-key (or MCP_API_KEY): a key has neither spaces nor line breaks nor letters beyond ASCII");
  }
  return text === "" ? undefined : text;
}

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new InvalidArgumentError("Write it as http://host:port.");
  return url.href.replace(/\/(?:mcp\/?)?$/, "");
}

function parseArguments(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`This is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('Write a JSON object, such as {"name": "value"}.');
  }
  return value as Readonly<Record<string, unknown>>;
}
