import type { JsonObject } from "../protocol/json-rpc.ts";

/** The four kinds of lists a server offers, and how the protocol spells them; `identity` tells their items apart. */
export const LISTS = {
  tools: {
    method: "tools/list",
    key: "tools",
    identity: "name",
    capability: "tools",
    changed: "notifications/tools/list_changed",
  },
  prompts: {
    method: "prompts/list",
    key: "prompts",
    identity: "name",
    capability: "prompts",
    changed: "notifications/prompts/list_changed",
  },
  resources: {
    method: "resources/list",
    key: "resources",
    identity: "uri",
    capability: "resources",
    changed: "notifications/resources/list_changed",
  },
  resourceTemplates: {
    method: "resources/templates/list",
    key: "resourceTemplates",
    identity: "uriTemplate",
    capability: "resources",
    changed: "notifications/resources/list_changed",
  },
} as const;

export type ListKind = keyof typeof LISTS;
export const LIST_KINDS: readonly ListKind[] = ["tools", "prompts", "resources", "resourceTemplates"];

/** Items of one list as the server sent them. */
export type ListItems = readonly JsonObject[];
