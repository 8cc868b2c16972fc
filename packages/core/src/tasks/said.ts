import { shortText } from "@mcp-hangar/telemetry";
import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json-rpc.ts";

/** Characters that are kept of the words in which a server describes a status. */
const WORDS_CHARS_MAX = 10_000;
/** Characters of a time. */
const TIME_CHARS_MAX = 40;
/** Milliseconds between two looks at a task that a server may ask for; timers of clients do not take any number. */
const POLL_MS_MAX = 60 * 60 * 1_000;

/** What is told of a task beside its id, status and lifetime; texts and numbers of its server. */
export interface Said extends JsonObject {
  readonly statusMessage?: string;
  readonly createdAt?: string;
  readonly lastUpdatedAt?: string;
  readonly pollInterval?: number;
}

/** What a server says of a task, as far as it is of the right kind and size: clients check what they get, and may refuse all of it. */
export function saidOf({ statusMessage, createdAt, lastUpdatedAt, pollInterval }: JsonObject): Said {
  return {
    ...(typeof statusMessage === "string" && { statusMessage: shortText(statusMessage, WORDS_CHARS_MAX) }),
    ...(isTime(createdAt) && { createdAt }),
    ...(isTime(lastUpdatedAt) && { lastUpdatedAt }),
    ...(typeof pollInterval === "number" && pollInterval > 0 && { pollInterval: Math.min(pollInterval, POLL_MS_MAX) }),
  };
}

const SAID: ReadonlySet<string> = new Set(["statusMessage", "createdAt", "lastUpdatedAt", "pollInterval"]);

/** Further members of a description, which are passed on as they are. */
export function othersOf(value: JsonObject): JsonObject {
  const isOther = ([key, member]: [string, JsonValue | undefined]): boolean =>
    !SAID.has(key) && (key !== "_meta" || isJsonObject(member));
  return Object.fromEntries(Object.entries(value).filter(isOther));
}

function isTime(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value.length <= TIME_CHARS_MAX && !Number.isNaN(Date.parse(value));
}
