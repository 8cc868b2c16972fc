import { egress, type HttpProxy } from "@mcp-hangar/egress";
import { knownSecrets } from "@mcp-hangar/telemetry";
import type { Environment } from "../config/environment.ts";
import { trust } from "./authorities.ts";
import { egressRules } from "./egress-rules.ts";
import type { EgressSection } from "./options.ts";

/** Puts what configuration and environment say about connections into force, before any is made. Returns the proxies there are. */
export function applyEgress(section: EgressSection, env: Environment): readonly HttpProxy[] {
  const { rules } = egressRules(section, env);
  knownSecrets.replace("egress", new Set(rules.proxies.flatMap(secretsOf)));
  egress.use(rules);
  trust(section, env);
  return rules.proxies;
}

/** The password as it is and as it stands in a URL, and both credentials as the proxy is shown them. */
function secretsOf({ authorization }: HttpProxy): readonly string[] {
  const shown = authorization?.replace(/^Basic /, "");
  if (shown === undefined) return [];
  const credentials = Buffer.from(shown, "base64").toString();
  const password = credentials.slice(credentials.indexOf(":") + 1);
  return [shown, password, encodeURIComponent(password)];
}
