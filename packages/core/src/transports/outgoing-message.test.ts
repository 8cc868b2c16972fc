import { describe, expect, it } from "vitest";
import { META } from "../protocol/eras.ts";
import { outgoingParams, requestText } from "./outgoing-message.ts";
import type { UpstreamRequest } from "./session.ts";

function request(more: Partial<UpstreamRequest>): UpstreamRequest {
  return { method: "tools/call", params: {}, signal: undefined, trace: {}, ...more };
}

describe("outgoingParams", () => {
  it("hands params without anything to change on as they are", () => {
    const params = { name: "x", arguments: {} };
    expect(outgoingParams(request({ params }), 1, undefined)).toBe(params);
  });

  it("keeps what it does not know in _meta and drops what ends at this hop", () => {
    const _meta = {
      "com.example/tag": 1,
      "io.modelcontextprotocol/related-task": { taskId: "t" },
      [META.protocolVersion]: "2026-07-28",
      [META.clientInfo]: { name: "agent", version: "1" },
      [META.clientCapabilities]: { sampling: {} },
      [META.logLevel]: "debug",
      traceparent: "theirs",
      baggage: "secret=1",
    };
    expect(outgoingParams(request({ params: { _meta } }), 1, undefined)._meta).toEqual({
      "com.example/tag": 1,
      "io.modelcontextprotocol/related-task": { taskId: "t" },
    });
  });

  it("writes our trace context over that of the caller", () => {
    const trace = { traceparent: "ours", tracestate: "a=1" };
    const params = { _meta: { traceparent: "theirs", tracestate: "b=2", baggage: "c=3" } };
    expect(outgoingParams(request({ params, trace }), 1, undefined)._meta).toEqual(trace);
  });

  it("sends the request's id as progress token, and none when nobody listens", () => {
    const params = { _meta: { progressToken: "caller" } };
    expect(outgoingParams(request({ params, onNotification: () => {} }), 9, undefined)._meta).toEqual({
      progressToken: 9,
    });
    expect(outgoingParams(request({ params }), 9, undefined)._meta).toEqual({});
  });

  it("adds what the modern era demands, with the capabilities of the agent behind the call", () => {
    const hop = { [META.protocolVersion]: "2026-07-28", [META.clientInfo]: { name: "h", version: "1" } };
    const params = { name: "x", _meta: { [META.logLevel]: "info" } };
    expect(outgoingParams(request({ params, clientCapabilities: { roots: {} } }), 1, hop)).toEqual({
      name: "x",
      _meta: { ...hop, [META.clientCapabilities]: { roots: {} }, [META.logLevel]: "info" },
    });
  });

  it("does not change the params it was given", () => {
    const params = { _meta: { progressToken: "caller", traceparent: "theirs" } };
    const before = structuredClone(params);
    outgoingParams(request({ params, trace: { traceparent: "ours" } }), 1, undefined);
    expect(params).toEqual(before);
  });
});

describe("requestText", () => {
  it("is the JSON-RPC request, whatever the method contains", () => {
    expect(JSON.parse(requestText(3, 'odd"method', { a: 1 }))).toEqual({
      jsonrpc: "2.0",
      id: 3,
      method: 'odd"method',
      params: { a: 1 },
    });
  });
});
