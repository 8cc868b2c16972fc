import { z } from "zod";
import { refusalAnswer } from "../../http/answer.ts";
import type { Route } from "../../http/route.ts";
import { parseInput } from "../operation.ts";
import { serverInput } from "../operations/server-view.ts";
import { type AdmitOperation, rateLimitFailure } from "../rate-limit.ts";
import { failureAnswer, unreadFailure } from "../rest.ts";
import { inputReader } from "../rest-input.ts";
import type { EventStreams } from "./event-streams.ts";
import { EVENT_TYPES } from "./event-view.ts";
import type { TellStream } from "./stream-records.ts";

/** Values of one filter. */
const FILTER_MAX = 100;

/** The query of the stream. */
export const eventsInput = z.strictObject({
  type: z.array(z.enum(EVENT_TYPES)).max(FILTER_MAX).optional().describe("Only events of these types."),
  server: z.array(serverInput).max(FILTER_MAX).optional().describe("Only events about these servers."),
  last_event_id: z
    .string()
    .max(FILTER_MAX)
    .optional()
    .describe("Where to go on, for clients that cannot send the header Last-Event-ID."),
});

/** Where the stream is. */
export const EVENTS_ROUTE = { method: "GET", path: "/api/events", permission: "system:read" } as const;

/** `GET /api/events`: what happens in the gateway, as Server-Sent Events. */
export function eventsRoute(streams: EventStreams, admit: AdmitOperation, tell: TellStream): Route {
  const read = inputReader(eventsInput);
  return {
    ...EVENTS_ROUTE,
    refuse(request, refusal) {
      tell(request, unreadFailure(refusal).code);
      return refusalAnswer(refusal);
    },
    handle(request, response) {
      const refusal = admit(request.caller);
      if (refusal !== undefined) {
        tell(request, refusal.code);
        return failureAnswer(rateLimitFailure(refusal));
      }
      const given = read(request);
      const parsed = "kind" in given ? given : parseInput(eventsInput, given.input);
      if ("kind" in parsed) {
        tell(request, parsed.code);
        return failureAnswer(parsed);
      }
      if (request.http.method === "HEAD") {
        tell(request, "done");
        return { status: 200, contentType: "text/event-stream", body: "" };
      }
      if (streams.isFull) {
        tell(request, "too_many_streams");
        const message = "as many clients follow the events as can; try again later";
        return refusalAnswer({ status: 503, code: "too_many_streams", message, headers: { "retry-after": "10" } });
      }
      if (streams.isFullFor(request.caller, request.http)) {
        tell(request, "too_many_streams");
        const message = "you follow the events with as many streams as one caller may have; end one of them";
        return refusalAnswer({ status: 429, code: "too_many_streams", message, headers: { "retry-after": "10" } });
      }
      const { type: types, server: servers, last_event_id: lastInQuery } = parsed.value;
      const lastInHeader = request.http.headers["last-event-id"];
      const lastEventId = typeof lastInHeader === "string" ? lastInHeader : lastInQuery;
      streams.open({ http: request.http, caller: request.caller, filter: { types, servers }, lastEventId }, response);
      // Whoever follows hears of it as of everything else, and is the first to do so where nobody did before.
      tell(request, "done");
      return undefined;
    },
  };
}
