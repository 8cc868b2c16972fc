import { HTTP_METHODS, HTTP_STATUSES, MESSAGE_DIRECTIONS, MESSAGE_KINDS } from "../vocabulary.ts";
import { LATENCY_SECONDS } from "./buckets.ts";
import { counter, gauge, histogram, nameOf, oneOf } from "./define.ts";

export const httpRequests = counter({
  name: "mcp_hangar_http_requests_total",
  help: "HTTP requests to remote servers by status; a request without a response has the status error.",
  labels: { mcp_server: nameOf("mcp_server"), method: oneOf(HTTP_METHODS), status: oneOf(HTTP_STATUSES) },
  foreseenOf: ["remote"],
  on: {
    "upstream_request.finished": (event) => ({
      labels: { mcp_server: event.server, method: event.method, status: event.status },
      value: 1,
    }),
  },
});

export const httpRequestDuration = histogram({
  name: "mcp_hangar_http_request_duration_seconds",
  help: "Time of an HTTP request to a remote server; of an event stream, to its headers.",
  labels: { mcp_server: nameOf("mcp_server"), method: oneOf(HTTP_METHODS) },
  foreseenOf: ["remote"],
  buckets: LATENCY_SECONDS,
  on: {
    "upstream_request.finished": (event) => ({
      labels: { mcp_server: event.server, method: event.method },
      value: event.durationSeconds,
    }),
  },
});

export const httpConnections = gauge({
  name: "mcp_hangar_http_connections",
  help: "Open HTTP connections to a remote server.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: (snapshot) =>
    snapshot.servers.flatMap(({ id, httpConnections: open }) =>
      open === undefined ? [] : [{ labels: { mcp_server: id }, value: open }],
    ),
});

export const httpThroughProxy = gauge({
  name: "mcp_hangar_http_through_proxy",
  help: "1 where connections to a remote server go through a proxy, 0 where they are direct.",
  labels: { mcp_server: nameOf("mcp_server") },
  read: (snapshot) =>
    snapshot.servers.flatMap(({ id, proxy, mode }) =>
      mode === "remote" ? [{ labels: { mcp_server: id }, value: proxy === undefined ? 0 : 1 }] : [],
    ),
});

export const messages = counter({
  name: "mcp_hangar_messages_total",
  help: "JSON-RPC messages exchanged with a server; sent means towards the server.",
  labels: { mcp_server: nameOf("mcp_server"), direction: oneOf(MESSAGE_DIRECTIONS), kind: oneOf(MESSAGE_KINDS) },
  read: (snapshot) =>
    snapshot.servers.flatMap((server) =>
      MESSAGE_DIRECTIONS.flatMap((direction) =>
        MESSAGE_KINDS.map((kind) => ({
          labels: { mcp_server: server.id, direction, kind },
          value: server.messages[direction][kind],
        })),
      ),
    ),
});
