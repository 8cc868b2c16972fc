import { OTHER } from "./label-values.ts";

/** Labels of one series. */
type SeriesLabels = Readonly<Record<string, string | number | undefined>>;

/**
 * Whether a reader is shown a series, by what the reader may know of servers and tools. Series that name neither are for
 * everybody, and so are those of `_other`, which names nobody. The answers for servers are kept for one scrape.
 */
export function seriesFilter(
  shows: (server: string, tool: string | undefined) => boolean,
): (labels: SeriesLabels) => boolean {
  const servers = new Map<string, boolean>();
  const showsServer = (server: string): boolean => {
    const known = servers.get(server) ?? (server === OTHER || server === "" || shows(server, undefined));
    servers.set(server, known);
    return known;
  };
  return ({ mcp_server: server, tool, group }) => {
    if (typeof group === "string" && !showsServer(group)) return false;
    if (typeof server !== "string") return true;
    if (!showsServer(server)) return false;
    return typeof tool !== "string" || tool === OTHER || server === OTHER || shows(server, tool);
  };
}
