import { type FakeReply, resultReply } from "../src/testing/index.ts";
import type { UpstreamReply, UpstreamRequest } from "../src/transports/session.ts";

/** A server whose tools are listed, whatever its calls do. `safe` is declared read-only. */
export const answers =
  (reply: (request: UpstreamRequest) => UpstreamReply | Promise<UpstreamReply> | "hang"): FakeReply =>
  (request) => {
    if (request.method === "ping") return resultReply({});
    return request.method === "tools/list"
      ? resultReply({ tools: [{ name: "do" }, { name: "safe", annotations: { readOnlyHint: true } }] })
      : reply(request);
  };
/** What a tool answers. */
export const OK: UpstreamReply = resultReply({ content: [{ type: "text", text: "ok" }] });
/** The connection was refused. */
export const UNSENT: UpstreamReply = {
  kind: "failed",
  errorType: "connection",
  message: "refused",
  maybeExecuted: false,
};
/** The connection broke after the request was sent. */
export const LOST: UpstreamReply = { kind: "failed", errorType: "connection", message: "lost", maybeExecuted: true };
