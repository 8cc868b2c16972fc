import { type EgressRules, proxyHref } from "@mcp-hangar/egress";

/**
 * What installers read to reach a registry, and find what they have fetched before. Settings only: a token of a registry would be
 * handed on to the server that is fetched, so that `env` of the server has to name it.
 */
const HANDED_ON: ReadonlySet<string> = new Set([
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "COREPACK_NPM_REGISTRY",
  "YARN_REGISTRY",
  "YARN_NPM_REGISTRY_SERVER",
  "YARN_CACHE_FOLDER",
  "BUN_CONFIG_REGISTRY",
  "BUN_INSTALL",
  "BUN_INSTALL_CACHE_DIR",
  "UV_INDEX",
  "UV_INDEX_URL",
  "UV_DEFAULT_INDEX",
  "UV_EXTRA_INDEX_URL",
  "UV_INDEX_STRATEGY",
  "UV_FIND_LINKS",
  "UV_INSECURE_HOST",
  "UV_NATIVE_TLS",
  "UV_SYSTEM_CERTS",
  "UV_HTTP_TIMEOUT",
  "UV_CACHE_DIR",
  "UV_CONFIG_FILE",
  "UV_OFFLINE",
  "UV_PYTHON",
  "UV_PYTHON_DOWNLOADS",
  "UV_PYTHON_INSTALL_DIR",
  "UV_PYTHON_INSTALL_MIRROR",
  "UV_PYTHON_PREFERENCE",
  "UV_TOOL_DIR",
  "PIP_INDEX_URL",
  "PIP_EXTRA_INDEX_URL",
  "PIP_FIND_LINKS",
  "PIP_TRUSTED_HOST",
  "PIP_CERT",
  "PIP_CONFIG_FILE",
  "PIPX_HOME",
]);

/** `npm_config_…`, which npm and pnpm read in any case. */
const NPM_SETTINGS: ReadonlySet<string> = new Set([
  "registry",
  "cache",
  "store_dir",
  "userconfig",
  "globalconfig",
  "cafile",
  "strict_ssl",
  "noproxy",
  "offline",
  "prefer_offline",
  "fetch_retries",
  "fetch_timeout",
  "maxsockets",
  "ignore_scripts",
  "before",
  "loglevel",
]);

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that an installer gets besides those of every server: the proxies of the gateway, registries, authorities, caches. */
export function installerEnvironment(inherited: Environment, rules: EgressRules): Readonly<Record<string, string>> {
  const handedOn = Object.entries(inherited).filter(([name]) => isHandedOn(name));
  return Object.fromEntries([...handedOn, ...proxyVariables(rules)].filter(isPlain));
}

/** Exported shell functions start with parentheses, and a shell that inherits one runs it. */
function isPlain(entry: readonly [string, string | undefined]): entry is readonly [string, string] {
  return entry[1]?.startsWith("()") === false;
}

function isHandedOn(name: string): boolean {
  if (HANDED_ON.has(name)) return true;
  const setting = /^npm_config_(.+)$/i.exec(name)?.[1]?.toLowerCase().replaceAll("-", "_");
  // A scope has a registry of its own: npm_config_@scope:registry.
  return setting !== undefined && (NPM_SETTINGS.has(setting) || /^@[\w.-]+:registry$/.test(setting));
}

/** In both spellings: some programs read one, some the other. */
function proxyVariables(rules: EgressRules): readonly (readonly [string, string])[] {
  const [http, https] = [rules.proxyOfScheme("http"), rules.proxyOfScheme("https")];
  const variables: (readonly [string, string])[] = [];
  if (http !== undefined) variables.push(["http_proxy", proxyHref(http)]);
  if (https !== undefined) variables.push(["https_proxy", proxyHref(https)]);
  if (variables.length === 0) return [];
  variables.push(["no_proxy", ["localhost", "127.0.0.1", "::1", ...rules.noProxy].join(",")]);
  return variables.flatMap(([name, value]) => [[name, value] as const, [name.toUpperCase(), value] as const]);
}
