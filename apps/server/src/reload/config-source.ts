import type { Environment } from "../config/environment.ts";
import { configFile, type ParsedConfig, parseConfig, readConfigFile } from "../config/load.ts";
import type { Config } from "../config/schema.ts";

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
  return {
    file: path,
    read: () => readConfigFile(path),
    parse(text) {
      const parsed = parseConfig(text, env, path);
      return { ...parsed, config: adjust(parsed.config) };
    },
  };
}

/**
 * Reads and validates the configuration.
 * @throws ConfigError listing every problem found.
 */
export function readConfig(source: ConfigSource): ReadConfig {
  const text = source.read();
  return { ...source.parse(text), source, text };
}
