/**
 * What a server inherits: where things are and how text is written. Everything else may be a secret of the gateway and
 * has to be handed over by name, in `env`.
 */
const INHERITED = [
  "HOME",
  "LANG",
  "LANGUAGE",
  "LOGNAME",
  "NODE_EXTRA_CA_CERTS",
  "PATH",
  "SHELL",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "TEMP",
  "TERM",
  "TMP",
  "TMPDIR",
  "TZ",
  "USER",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_RUNTIME_DIR",
] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a server: a short list of harmless variables, the locale, and what the configuration adds. */
export function serverEnvironment(inherited: Environment, added: Environment): Record<string, string> {
  const environment: Record<string, string> = {};
  const locale = Object.keys(inherited).filter((name) => name.startsWith("LC_"));
  for (const name of [...INHERITED, ...locale]) {
    const value = inherited[name];
    // Exported shell functions start like this, and a shell that inherits one runs it.
    if (value !== undefined && !value.startsWith("()")) environment[name] = value;
  }
  for (const [name, value] of Object.entries(added)) if (value !== undefined) environment[name] = value;
  return environment;
}
