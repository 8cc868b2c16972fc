import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, min, sum } from "../promql/aggregate.ts";
import { runtime } from "../promql/external.ts";
import { increase } from "../promql/functions.ts";
import { log, query, shell } from "./look.ts";

/** A configuration that was written and is not in force. */
export function configuration({ rules }: Context): readonly Runbook[] {
  const reloads = increase(rules.series(catalog.configReloads), "1h");
  return [
    {
      alert: "MCPHangarConfigReloadFailed",
      meaning: "The gateway in the alert could not load its configuration file, and goes on with the one before it.",
      impact: "Calls go on as before. The change that was meant is not in force, and a restart now would fail.",
      confirm: [
        {
          question: "Which gateways failed (0)?",
          look: query(min(rules.series(catalog.configLastReloadSuccessful), by("instance"))),
        },
        { question: "How did the reloads of the last hour end?", look: query(sum(reloads, by("instance", "result"))) },
      ],
      causes: [
        {
          cause: "A mistake in the file",
          look: shell("mcp-hangar config check"),
          sign: "It lists each problem with its key, and for an unknown key the nearest that exists.",
          mend: "Correct it, and check again until the file is valid.",
        },
        {
          cause: "A variable is not set for the gateway",
          look: log("config_reloaded", "result", "message"),
          sign: "The check succeeds in your shell; the message names a variable that the process does not have.",
          mend: "Set it for the process, which needs a restart, or give it a default in the file.",
        },
        {
          cause: "The file cannot be read",
          look: shell("ls -l config.yaml"),
          sign: "The message says that it is missing or not readable: a deployment was half done, or its owner changed.",
          mend: "Deploy it again, readable for the user of the gateway.",
        },
        {
          cause: "Only some gateways have the new file",
          look: query(rules.series(runtime.processStartTime)),
          sign: "One instance fails, the others are fine.",
          mend: "Compare their files.",
        },
      ],
      actions: [
        "Do not restart the gateway before `mcp-hangar config check` succeeds.",
        "Then reload it with `mcp-hangar config reload`, whose answer names the keys that need a restart.",
      ],
      escalate: "Not at night: tell whoever changed the file.",
      resolves: "With the next reload that succeeds, or a restart.",
    },
  ];
}
