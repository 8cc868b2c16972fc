import type { Era } from "@mcp-hangar/core";
import { type Answer, resultAnswer } from "../answer.ts";
import type { ClientRequest } from "../client-request.ts";
import type { Endpoint } from "../endpoint.ts";
import { discover } from "./handshake.ts";
import { listMethod } from "./lists.ts";
import { callTool, complete, getPrompt, readResource } from "./relay.ts";
import { listen, setLogLevel, subscribe, unsubscribe } from "./subscriptions.ts";
import { cancelTask, getTask, listTasks, taskResult } from "./tasks.ts";

export type Method = (endpoint: Endpoint, request: ClientRequest) => Answer | Promise<Answer>;

/** The one method whose answer comes when the endpoint closes or the client leaves. */
export const LISTEN = "subscriptions/listen";

const COMMON: readonly (readonly [string, Method])[] = [
  ["tools/call", callTool],
  ["tools/list", listMethod("tools")],
  ["prompts/list", listMethod("prompts")],
  ["prompts/get", getPrompt],
  ["resources/list", listMethod("resources")],
  ["resources/templates/list", listMethod("resourceTemplates")],
  ["resources/read", readResource],
  ["completion/complete", complete],
];

/** The methods each era knows. `initialize` is not among them, because it opens the session the others need. */
export const METHODS: Readonly<Record<Era, ReadonlyMap<string, Method>>> = {
  legacy: new Map([
    ...COMMON,
    ["ping", () => resultAnswer({})],
    ["logging/setLevel", setLogLevel],
    ["resources/subscribe", subscribe],
    ["resources/unsubscribe", unsubscribe],
    ["tasks/get", getTask],
    ["tasks/result", taskResult],
    ["tasks/list", listTasks],
    ["tasks/cancel", cancelTask],
  ]),
  modern: new Map([...COMMON, ["server/discover", discover], [LISTEN, listen]]),
};
