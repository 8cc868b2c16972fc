import { addressRange } from "@mcp-hangar/core";
import { z } from "zod";

/** Section `management` of the configuration. */
export const managementOptions = z
  .strictObject({
    allow_runtime_servers: z
      .array(z.enum(["subprocess", "docker", "remote"]))
      .max(3)
      .default([])
      .describe(
        "Modes of servers that callers with `servers:write` may register while the gateway runs. With `subprocess` or `docker` they can run any program here.",
      ),
    tools: z
      .strictObject({
        allow: z.array(z.string().min(1).max(200)).max(1_000).default(["*"]).describe("Globs of those that exist."),
        deny: z.array(z.string().min(1).max(200)).max(1_000).default([]).describe("Globs of those that do not; wins."),
        on_mcp: z
          .array(z.string().min(1).max(200))
          .max(1_000)
          .default([])
          .describe(
            "Globs of those of `/manage/mcp` that agents find on `/mcp`, and over stdio, too, such as `hangar_list`. Each costs the context of every agent.",
          ),
      })
      .prefault({})
      .describe(
        "Which tools of the gateway itself, `hangar_*`, exist. `hangar_call` and its continuations are at `/mcp`, the others at `/manage/mcp`. REST has them all the same.",
      ),
    runtime_addresses: z
      .array(addressRange)
      .max(1_000)
      .default([])
      .describe(
        "Addresses and ranges that are not public and that such remote servers may nevertheless have, such as `10.1.0.0/16`.",
      ),
  })
  .describe("What callers may change over `/api` and with the tools `hangar_*`.");
export type ManagementOptions = z.infer<typeof managementOptions>;
