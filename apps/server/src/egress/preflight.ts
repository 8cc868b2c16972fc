import type { OptionProblem } from "@mcp-hangar/core";
import type { Environment } from "../config/environment.ts";
import { authorities } from "./authorities.ts";
import { egressRules } from "./egress-rules.ts";
import type { EgressSection } from "./options.ts";

/** What of `egress`, and of the variables that stand in for it, cannot be used. Nobody is asked. */
export function preflightEgress(section: EgressSection, env: Environment): readonly OptionProblem[] {
  const { problems } = egressRules(section, env);
  return [...problems.map(({ message }) => ({ path: [], message })), ...authorities(section, env).problems];
}
