import type { Caller } from "@mcp-hangar/telemetry";
import { z } from "zod";
import type { Permission } from "../../access/permissions.ts";
import { type ConfigChanges, describeChanges } from "../../reload/diff.ts";
import { effectiveConfig } from "../../reload/effective.ts";
import type { ReloadProblem } from "../../reload/outcome.ts";
import { type Operation, type OperationFailure, operation, operationFailure } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { type Reach, reachedConfig, reachedProblems } from "./reached-config.ts";

/** What is different between two configurations. */
export const changesView = z.object({
  mcp_servers: z.object({
    added: z.array(z.string()),
    removed: z.array(z.string()),
    changed: z.array(z.object({ id: z.string(), keys: z.array(z.string()) })),
  }),
  settings: z.array(z.string()).describe("Keys outside of mcp_servers that take effect with a reload."),
  needs_restart: z.array(z.string()).describe("Keys that stay as they are until the gateway is restarted."),
});

/** The configuration: what is in force, what a reload would change, and the reload itself. */
export function configOperations(
  parts: Pick<ManagementParts, "reloader" | "gateway" | "access">,
): readonly Operation[] {
  const { reloader, gateway, access } = parts;
  /** What the caller may know of the servers there are. A role with tool rules need not reach them all. */
  const reachOf = (caller: Caller, permission: Permission): Reach => ({
    reaches: (server) => access.reaches(caller, server, permission),
    known: [...gateway.fleet.all(), ...gateway.fleet.groups.all()].map(({ id }) => id),
  });
  return [
    operation({
      id: "showConfig",
      title: "Show the configuration",
      description:
        "Shows the configuration in force with all its defaults, of the servers that the caller reaches. Secrets are hidden, and text that came from environment variables is shown as the names of those.",
      permission: "config:read",
      effect: "read",
      tool: "hangar_config",
      route: { method: "GET", path: "/api/config" },
      input: z.object({}),
      output: z.object({
        config: z.record(z.string(), z.unknown()),
        last_reload_successful: z.boolean().describe("False when the file was changed to something that is not valid."),
      }),
      run: async (_input, { caller }) => ({
        config: await reachedConfig(
          effectiveConfig(reloader.config, reloader.templateOf),
          reachOf(caller, "config:read"),
        ),
        last_reload_successful: reloader.lastSuccessful,
      }),
    }),
    operation({
      id: "diffConfig",
      title: "Compare the configuration with its file",
      description: "Says what a reload of the configuration would change, without changing anything.",
      permission: "config:read",
      effect: "read",
      tool: "hangar_diff_config",
      route: { method: "GET", path: "/api/config/diff" },
      input: z.object({}),
      output: changesView,
      run: async (_input, { caller }) => {
        const reach = reachOf(caller, "config:read");
        const found = await reloader.preview();
        return "kind" in found
          ? invalid("a reload would be refused", reachedProblems(found.problems, reach))
          : reachedChanges(viewOf(found), reach);
      },
    }),
    operation({
      id: "reloadConfig",
      title: "Reload the configuration",
      description:
        "Reads the configuration file again and puts its changes into force: all of them, or none when the file is not valid. Calls in flight finish.",
      permission: "config:reload",
      effect: "change",
      tool: "hangar_reload_config",
      offered: () => reloader.config.config_reload.enabled,
      route: { method: "POST", path: "/api/config/reload" },
      input: z.object({}),
      output: changesView,
      run: async (_input, { caller, changed }) => {
        const outcome = await reloader.reload("request", caller);
        const reach = reachOf(caller, "config:reload");
        switch (outcome.kind) {
          case "applied":
            changed?.({ after: describeChanges(outcome.changes) });
            return reachedChanges(viewOf(outcome.changes), reach);
          case "unchanged":
            return viewOf({ added: [], removed: [], changed: [], settings: [], needRestart: [] });
          case "disabled":
            return operationFailure("reload_disabled", 409, outcome.message);
          case "rejected":
            return invalid("nothing was changed", reachedProblems(outcome.problems, reach));
        }
      },
    }),
  ];
}

function reachedChanges(
  { mcp_servers: { added, removed, changed }, ...rest }: z.input<typeof changesView>,
  { reaches }: Reach,
): z.input<typeof changesView> {
  return {
    ...rest,
    mcp_servers: {
      added: added.filter(reaches),
      removed: removed.filter(reaches),
      changed: changed.filter(({ id }) => reaches(id)),
    },
  };
}

function viewOf({ added, removed, changed, settings, needRestart }: ConfigChanges): z.input<typeof changesView> {
  return {
    mcp_servers: {
      added: [...added],
      removed: [...removed],
      changed: changed.map(({ id, keys }) => ({ id, keys: [...keys] })),
    },
    settings: [...settings],
    needs_restart: [...needRestart],
  };
}

function invalid(consequence: string, found: readonly ReloadProblem[]): OperationFailure {
  const problems = found.map(({ line, key, message }) => ({
    field: key,
    message: line === undefined ? message : `line ${line}: ${message}`,
  }));
  const [first] = problems;
  const detail = first === undefined ? "" : `: ${first.field === "" ? "" : `${first.field}: `}${first.message}`;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
  const message = `the configuration is not valid, ${consequence}${detail}${more}`;
  return { ...operationFailure("invalid_config", 422, message), problems };
}
