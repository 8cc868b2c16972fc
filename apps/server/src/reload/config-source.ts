import type { Environment } from "../config/environment.ts";
import { configFile, type ParsedConfig, parseConfig, readConfigFile } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { type SecretFile, SecretFiles } from "../config/secret-files.ts";

/** Where the configuration comes from, again and again. */
export interface ConfigSource {
  readonly file: string;
  /** Throws with what is wrong when there is nothing to read. */
  read(): string;
  /** Throws with every problem when the text is no valid configuration. */
  parse(text: string): ParsedConfig;
}

/** A configuration that was read from its source. */
export interface ReadConfig extends ParsedConfig {
  readonly source: ConfigSource;
  readonly text: string;
}

/** The configuration file; `adjust` has the last word, at the start and with each reload: that of the command line. */
export function configSource(
  file: string | undefined,
  env: Environment,
  adjust: (config: Config) => Config,
): ConfigSource {
  const path = configFile(file, env);
  /** To read a thousand servers holds the event loop for a tenth of a second, and callers may ask again and again what has changed. */
  let last: { readonly text: string; readonly parsed: ParsedConfig } | undefined;
  return {
    file: path,
    read: () => readConfigFile(path),
    parse(text) {
      if (last?.text === text && areAsRead(last.parsed.secretFiles, path)) return last.parsed;
      const read = parseConfig(text, env, path);
      const parsed = { ...read, config: adjust(read.config) };
      last = { text, parsed };
      return parsed;
    },
  };
}

/** Whether files that a document names have what they had. */
function areAsRead(files: readonly SecretFile[], document: string): boolean {
  const now = new SecretFiles(document);
  return files.every(({ path, value }) => {
    const content = now.read(path);
    return (content.kind === "text" ? content.text : undefined) === value;
  });
}

/**
 * Reads and validates the configuration.
 * @throws ConfigError listing every problem found.
 */
export function readConfig(source: ConfigSource): ReadConfig {
  const text = source.read();
  return { ...source.parse(text), source, text };
}
