import { z } from "zod";

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
  })
  .describe("What clients of `/mcp` are told.");
export type McpOptions = z.infer<typeof mcpOptions>;
