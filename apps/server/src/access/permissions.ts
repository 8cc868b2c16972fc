/** What a caller may be allowed to do, and what it means. Every route, operation and MCP request asks for one of these. */
export const PERMISSIONS = {
  "tools:call": "Use MCP: list and call the tools, prompts and resources of the servers.",
  "servers:read": "See the servers, their state, tools, logs and call history.",
  "servers:write": "Start, stop, warm and check servers; register and remove them at run time.",
  "groups:read": "See the groups and their members.",
  "groups:write": "Take members of groups out of rotation and put them back.",
  "discovery:read": "See discovery sources and what they found.",
  "discovery:write": "Approve and reject what was discovered; run a discovery cycle.",
  "config:read": "See the effective configuration, without its secrets, and what a reload would change.",
  "config:reload": "Reload the configuration.",
  "audit:read": "Read the records of the audit journal.",
  "system:read": "See the gateway as a whole, and follow the stream of events.",
  "metrics:read": "Scrape `/metrics`.",
  "keys:read": "List API keys, never their secrets.",
  "keys:write": "Create and revoke API keys.",
} as const;

/** The name of one permission. */
export type Permission = keyof typeof PERMISSIONS;
