import { EgressRules, type ProxyProblem, parseProxy, proxiesOf } from "@mcp-hangar/egress";
import type { Environment } from "../config/environment.ts";
import { type EgressSection, PROXY_KEY } from "./options.ts";

/** What decides how connections leave, and what of the environment cannot be used. */
interface FoundRules {
  readonly rules: EgressRules;
  readonly problems: readonly ProxyProblem[];
}

/** The rules of the configuration, or of the environment where the configuration names no proxy. */
export function egressRules(section: EgressSection, env: Environment): FoundRules {
  const { proxy, from_environment: readsEnvironment, guarded_names: guardedNames } = section;
  if (proxy !== undefined) {
    const parsed = parseProxy(proxy.url, PROXY_KEY);
    // The schema has refused what cannot be used.
    const used = "proxy" in parsed ? parsed.proxy : undefined;
    const { no_proxy: noProxy, loopback } = proxy;
    return { rules: new EgressRules({ http: used, https: used, noProxy, loopback, guardedNames }), problems: [] };
  }
  if (!readsEnvironment) return { rules: new EgressRules({ guardedNames }), problems: [] };
  const { settings, problems } = proxiesOf(env);
  return { rules: new EgressRules({ ...settings, guardedNames }), problems };
}
