/** The two eras of the protocol: with a handshake (until 2025-11-25), and stateless (from 2026-07-28 on). */
export type Era = "legacy" | "modern";

/** The tool that every strange server has. Over stdio the other tools are the quirks. */
export const TOOL = "strange";

const MODERN = { resultType: "complete", ttlMs: 0, cacheScope: "private" };

/** The result that a usual server of an era gives; `undefined` where it does not know the method. */
export function usualResult(era: Era, method: unknown, tools: readonly string[]): object | undefined {
  const serverInfo = { name: "strange", version: "1" };
  const capabilities = { tools: {} };
  const modern = era === "modern";
  switch (method) {
    case "initialize":
      return modern ? undefined : { protocolVersion: "2025-06-18", capabilities, serverInfo };
    case "server/discover":
      return modern
        ? {
            ...MODERN,
            supportedVersions: ["2026-07-28"],
            capabilities,
            _meta: { "io.modelcontextprotocol/serverInfo": serverInfo },
          }
        : undefined;
    case "ping":
      return modern ? undefined : {};
    case "tools/list":
      return { ...(modern && MODERN), tools: tools.map((name) => ({ name, inputSchema: { type: "object" } })) };
    case "tools/call":
      return { ...(modern && { resultType: "complete" }), content: [{ type: "text", text: "ok" }] };
    default:
      return undefined;
  }
}
