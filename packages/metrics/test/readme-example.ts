import { createServer } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { createMetrics } from "@mcp-hangar/metrics";
import { type GatewaySnapshot, registeredName, TelemetryBus } from "@mcp-hangar/telemetry";

// Gauges are read from a snapshot when somebody scrapes; counters and histograms come from events.
const servers = new Set([registeredName("math")]);
const none = { request: 0, response: 0, notification: 0, error: 0 };
const snapshot = (): GatewaySnapshot => ({
  servers: [...servers].map((id) => ({
    id,
    mode: "remote",
    group: undefined,
    state: "ready",
    up: true,
    initialized: true,
    coldStartInProgress: false,
    consecutiveFailures: 0,
    breaker: "closed",
    inFlight: 0,
    httpConnections: 1,
    ownSessions: undefined,
    messages: { sent: none, received: none },
    tools: [registeredName("add")],
    toolDefinitionBytes: 412,
    transferBytes: { sent: 90, received: 310 },
  })),
  batchItemsExecuting: 0,
  discovery: [],
  exporters: [],
  listeners: bus.listeners(),
  load: { bufferedBytes: 0, shed: { buffered_bytes: 0, unread_answer: 0, connections: 0, subscriptions: 0 } },
  lastReloadSuccessful: true,
  build: { version: "1.0.0", node: process.version },
});

export const bus = new TelemetryBus();
export const metrics = createMetrics({ bus, snapshot, nowMs: () => performance.now(), yieldTurn: () => turn() });

export const endpoint = createServer((request, response) => {
  // Prometheus sends this header. It is shown every new series with 0 first, so that it sees the first increase.
  const isScraper = request.headers["x-prometheus-scrape-timeout-seconds"] !== undefined;
  const scraper = isScraper ? { name: request.socket.remoteAddress ?? "", connection: request.socket } : undefined;
  metrics.render({ accept: request.headers.accept, scraper }).then(
    ({ contentType, body, delivered }) =>
      response
        .once("finish", delivered)
        .writeHead(200, { "content-type": contentType, "content-length": body.length })
        .end(body),
    (error) => response.writeHead(500).end(`The metrics cannot be read: ${String(error)}\n`),
  );
});
