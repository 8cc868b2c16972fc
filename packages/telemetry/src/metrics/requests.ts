import { CALL_STATUSES, MESSAGE_DIRECTIONS, REQUEST_METHODS } from "../vocabulary.ts";
import { REQUEST_SECONDS } from "./buckets.ts";
import { counter, histogram, nameOf, oneOf, optionalNameOf } from "./define.ts";

/** A server has series for the methods and outcomes that it has seen, not for all there are: nobody asks most servers for a prompt. */
const perRequest = {
  mcp_server: optionalNameOf("mcp_server"),
  method: oneOf(REQUEST_METHODS),
  status: oneOf(CALL_STATUSES),
} as const;

export const requests = counter({
  name: "mcp_hangar_requests_total",
  help: "Finished requests of MCP clients other than tool calls, by method and outcome; the server is empty where a request is for several or none.",
  labels: perRequest,
  foreseenOf: [],
  on: {
    "request.finished": ({ server, method, outcome }) => ({
      labels: { mcp_server: server, method, status: outcome.status },
      value: 1,
    }),
  },
});

export const requestDuration = histogram({
  name: "mcp_hangar_request_duration_seconds",
  help: "Time from the arrival of a request other than a tool call to its outcome; of a stream, to its end.",
  labels: perRequest,
  foreseenOf: [],
  buckets: REQUEST_SECONDS,
  on: {
    "request.finished": ({ server, method, outcome, durationSeconds }) => ({
      labels: { mcp_server: server, method, status: outcome.status },
      value: durationSeconds,
    }),
  },
});

export const transferBytes = counter({
  name: "mcp_hangar_transfer_bytes_total",
  help: "Bytes of the JSON-RPC messages of tool calls and other requests of clients, each attempt counted; sent means towards the server.",
  labels: { mcp_server: nameOf("mcp_server"), direction: oneOf(MESSAGE_DIRECTIONS) },
  read: (snapshot) =>
    snapshot.servers.flatMap(({ id, transferBytes: bytes }) =>
      bytes === undefined
        ? []
        : MESSAGE_DIRECTIONS.map((direction) => ({ labels: { mcp_server: id, direction }, value: bytes[direction] })),
    ),
});
