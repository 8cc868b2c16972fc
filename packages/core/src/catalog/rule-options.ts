import { z } from "zod";

/** The options `tools`, `resources` and `prompts` of a server or group: which of them exist for callers. */
export function offerRules(of: "server" | "group") {
  const beside = of === "group" ? ", beside the rules of each member" : "";
  return {
    tools: rules("tools").describe(`Which tools of the ${of} exist for callers${beside}.`).optional(),
    resources: rules("resources, by URI, and of templates, by `uriTemplate`, as the server spells them,")
      .describe(`Which resources of the ${of} exist for callers${beside}.`)
      .optional(),
    prompts: rules("prompts").describe(`Which prompts of the ${of} exist for callers${beside}.`).optional(),
  };
}

function rules(what: string) {
  const globs = z.array(z.string().min(1)).optional();
  return z.strictObject({
    allow: globs.describe(`Globs of ${what} to expose; others do not exist for callers.`),
    deny: globs.describe(`Globs of ${what} to hide; wins over allow.`),
  });
}
