import { NoProxy, noProxyProblem } from "./no-proxy.ts";
import { type HttpProxy, parseProxy } from "./proxy.ts";
import type { EgressSettings } from "./rules.ts";

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with a variable. */
export interface ProxyProblem {
  readonly variable: string;
  /** A whole sentence, without the value. */
  readonly message: string;
}

/**
 * What the environment says about proxies: `http_proxy`, `https_proxy` and `no_proxy`, and where these are not set, the same in
 * capitals. An empty variable stands for none, also where the other is set. As with curl, wget and Go, `http_proxy` is for `http:`
 * only.
 */
export function proxiesOf(env: Environment): {
  readonly settings: Pick<EgressSettings, "http" | "https" | "noProxy">;
  readonly problems: readonly ProxyProblem[];
} {
  const problems: ProxyProblem[] = [];
  const proxy = (...names: readonly string[]): HttpProxy | undefined => {
    const found = first(env, names);
    if (found === undefined || found.value.trim() === "") return undefined;
    const parsed = parseProxy(found.value, found.name);
    if ("proxy" in parsed) return parsed.proxy;
    problems.push({ variable: found.name, message: `the variable ${found.name} ${parsed.problem}` });
    return undefined;
  };
  const http = proxy("http_proxy", "HTTP_PROXY");
  const https = proxy("https_proxy", "HTTPS_PROXY");
  const exceptions = first(env, ["no_proxy", "NO_PROXY"]);
  const noProxy = NoProxy.entriesOf(exceptions?.value ?? "");
  const [unusable] = noProxy.filter((entry) => noProxyProblem(entry) !== undefined);
  if (exceptions !== undefined && unusable !== undefined && (http ?? https) !== undefined) {
    const message = `the variable ${exceptions.name}: ${JSON.stringify(unusable)} ${noProxyProblem(unusable)}`;
    problems.push({ variable: exceptions.name, message });
  }
  return { settings: { http, https, noProxy }, problems };
}

function first(
  env: Environment,
  names: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) return { name, value };
  }
  return undefined;
}
