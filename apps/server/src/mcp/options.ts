import { z } from "zod";
import { KEPT_BYTES_MAX } from "./resumption/answer-room.ts";

/** Section `mcp` of the configuration. */
export const mcpOptions = z
  .strictObject({
    instructions: z
      .string()
      .min(1)
      .max(10_000)
      .optional()
      .describe("Text for the models behind clients of `/mcp` and of stdio, in front of what servers tell them."),
    server_instructions: z
      .boolean()
      .default(true)
      .describe("Passes on there what servers tell models, each under its name and up to 2000 characters."),
    http_sse: z
      .boolean()
      .default(false)
      .describe(
        "Serves clients of revision 2024-11-05 as well, which are configured with `/sse`, `/servers/<id>/sse` or `/manage/sse` (HTTP+SSE).",
      ),
    kept_answer_bytes: z
      .int()
      .min(0)
      .default(KEPT_BYTES_MAX)
      .describe(
        "Bytes of event streams that are kept at once for clients that lose their connection in the middle of an answer and come back for it (`Last-Event-ID`). With 0, nothing is kept.",
      ),
  })
  .describe("How MCP is served, and what clients of `/mcp` are told.");
export type McpOptions = z.infer<typeof mcpOptions>;
