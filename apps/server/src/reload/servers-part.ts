import type { Fleet } from "@mcp-hangar/core";
import { diffConfigs } from "./diff.ts";
import type { ReloadPart } from "./part.ts";

/**
 * Brings the fleet in line with `mcp_servers`. A changed server is replaced in one step, so that its tools are never there
 * without its policy, and the old one leaves when its calls are finished. What is configured wins over a server of the same
 * id that was discovered or registered at run time; all others of those stay. `file` is the path of the configuration.
 */
export function serversPart(fleet: Fleet, file: string): ReloadPart {
  return (next, previous) => {
    const { added, removed, changed } = diffConfigs(previous, next);
    return () => {
      const registration = { origin: "config", file } as const;
      const leaving: Promise<unknown>[] = [];
      for (const id of [...changed.map((server) => server.id), ...added]) {
        const options = next.mcp_servers[id];
        if (options === undefined) continue;
        // Somebody may have removed a server of the configuration at run time.
        if (!fleet.register(id, options, registration)) leaving.push(fleet.replace(id, options, registration));
      }
      for (const id of removed) if (fleet.originOf(id) === "config") leaving.push(fleet.unregister(id, "reload"));
      return Promise.all(leaving);
    };
  };
}
