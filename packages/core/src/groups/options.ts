import { z } from "zod";
import { STRATEGIES } from "./strategies/index.ts";

const memberOptions = z.strictObject({
  id: z.string().min(1).describe("Id of a server in `mcp_servers`."),
  weight: z.int().min(1).max(1_000).default(1).describe("Share of the calls, beside those of the other members."),
  priority: z.int().min(0).max(1_000).default(1).describe("Rank under strategy `priority`; the lower number first."),
});

const healthOptions = z.strictObject({
  unhealthy_threshold: z
    .int()
    .min(1)
    .max(1_000)
    .default(2)
    .describe("Failures in a row, of calls or health checks, that take a member out of rotation."),
  healthy_threshold: z
    .int()
    .min(1)
    .max(1_000)
    .default(1)
    .describe("Successes in a row that bring a member back into rotation."),
});

const breakerOptions = z.strictObject({
  failure_threshold: z.int().min(1).max(1_000).default(10).describe("Calls in a row that no member could serve."),
  open_s: z
    .number()
    .positive()
    .max(86_400)
    .default(30)
    .describe("Time it refuses calls before it lets one probe through."),
});

/** Options of a group, apart from those that it shares with servers. */
export const groupShape = {
  mode: z.literal("group").describe("How the server is reached: several servers that do the same, behind one name."),
  strategy: z
    .enum(STRATEGIES.map(({ name }) => name))
    .default("round_robin")
    .describe(
      `How calls are shared among the members in rotation. ${STRATEGIES.map(({ name, description }) => `\`${name}\`: ${description}`).join("; ")}.`,
    ),
  members: z
    .array(memberOptions)
    .min(1)
    .max(1_000)
    .describe("The servers of the group. A server is in one group only."),
  min_healthy: z
    .int()
    .min(1)
    .max(1_000)
    .default(1)
    .describe("Members that must be in rotation; with fewer the group refuses calls at once, to spare the rest."),
  health: healthOptions.prefault({}).describe("When members leave rotation and come back."),
  circuit_breaker: breakerOptions.prefault({}).describe("Circuit breaker of the group as a whole."),
} as const;
