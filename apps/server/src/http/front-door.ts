import { type Access, OPEN_ACCESS } from "../access/access.ts";
import { metadataRoutes } from "../access/metadata-routes.ts";
import type { Hangar } from "../assemble.ts";
import { eventsRoute } from "../management/events/events-route.ts";
import { streamRecords } from "../management/events/stream-records.ts";
import { openApiRoute } from "../management/openapi-route.ts";
import { restRoutes, unroutedAnswers } from "../management/rest.ts";
import { type Answer, refusalAnswer, rpcRefusalAnswer, send } from "./answer.ts";
import { CallerPlaces } from "./caller-places.ts";
import { addressSet } from "./client-address.ts";
import type { RequestHandler } from "./connection.ts";
import { withCors } from "./cors.ts";
import { Denials } from "./denials.ts";
import { affordable, descriptorsMax } from "./descriptors.ts";
import { isLoopback } from "./host-names.ts";
import { HttpListener, type ListenerOptions } from "./listener.ts";
import { McpEndpoint } from "./mcp-endpoint.ts";
import { metricsRoute } from "./metrics-route.ts";
import { type GuardOptions, requestGuard } from "./request-guard.ts";
import type { Route } from "./route.ts";
import { Router, type RouterOptions } from "./router.ts";
import type { ListenerTlsOptions } from "./security-options.ts";
import { Strangers } from "./strangers.ts";
import { TlsCertificate } from "./tls-certificate.ts";

/** Refuses to listen where everybody can call tools. */
class UnsafeBindError extends Error {
  constructor(host: string) {
    const remedy =
      "set auth.api_keys or auth.jwt, bind 127.0.0.1, or pass --unsafe-no-auth if something else protects the port";
    super(`refusing to listen on ${host}: whoever reaches it could call every tool without authentication; ${remedy}`);
    this.name = "UnsafeBindError";
  }
}

/** The listeners of a gateway: the front door and, if configured, the metrics apart from it. */
export interface FrontDoor {
  readonly listeners: readonly HttpListener[];
  /** Requests whose answer has not begun. */
  unanswered(): number;
  /** Accepts no more connections, and ends those there are with the answer they wait for. */
  stopAccepting(): void;
  /** Answers what no face of MCP works on with the end of the gateway. */
  interrupt(): void;
  /** Connections with an answer that their clients have not taken yet. */
  unsent(): number;
  /** Ends every connection. */
  close(): void;
}

/**
 * Opens the front door.
 * @throws UnsafeBindError when the host is not loopback and `unsafeNoAuth` is false.
 */
export async function openFrontDoor(hangar: Hangar, unsafeNoAuth: boolean): Promise<FrontDoor> {
  const { http, observability } = hangar.config;
  checkBind(hangar, http.host, unsafeNoAuth);
  const { access, origin } = hangar.accessSystem;
  const shared = routing(hangar);
  const { denials } = shared;
  const strangers = new Strangers({ access, origin, clock: hangar.platform.clock, denials });
  const opening = limits(hangar, http.host, http.port);
  const places = new CallerPlaces({
    limits: () => opening.limits().connections,
    isProxy: opening.isProxy,
    onRefusal: () => opening.onShed("connections"),
  });
  const mcp = new McpEndpoint({
    access,
    strangers,
    places,
    denials,
    aggregate: hangar.aggregateFace,
    management: hangar.managementFace,
    mayManage: hangar.mayManage,
    ofServer: (id) => hangar.serverFaces.get(id),
    servesSse: () => hangar.reloader.config.mcp.http_sse,
    bodyBytesMax: http.max_body_bytes,
    traffic: hangar.traffic,
  });
  const guard = requestGuard({
    ...servedHosts(hangar),
    boundTo: http.host,
    // Whoever may read answers may ask.
    allowedOrigins: [...http.allowed_origins, ...http.cors.allowed_origins],
  });
  const metricsApart = observability.metrics.port !== undefined;
  const router = new Router({
    ...shared,
    guard,
    strangers,
    places,
    mcp,
    unrouted: unroutedAnswers(hangar.noOperation, origin),
    routes: [
      ...healthRoutes(hangar),
      ...metadataRoutes(hangar.accessSystem.resource),
      ...restRoutes(hangar.operations, origin),
      eventsRoute(
        hangar.events,
        (caller) => hangar.gateway.admitOperation(caller),
        streamRecords(hangar.bus, hangar.platform, origin),
      ),
      openApiRoute(hangar.operations),
      ...(metricsApart ? [] : metricsRoutes(hangar, hangar.accessSystem.access)),
    ],
  });
  const listener = new HttpListener(
    { ...opening, certificate: certificateOf(hangar, http.tls) },
    { handle: withCors(http.cors.allowed_origins, router.handle), whenFull: whenFull(router.handle) },
  );
  const apart = await openMetricsDoor(hangar, unsafeNoAuth);
  try {
    hangar.logging.logger.info("http_listening", await listener.listen());
  } catch (error) {
    apart?.close();
    throw error;
  }
  const listeners = apart === undefined ? [listener] : [listener, apart];
  return {
    listeners,
    unanswered: () => mcp.open.unanswered() + router.open.unanswered(),
    stopAccepting() {
      listener.stopAccepting();
      mcp.open.closeAfterAnswers();
      router.open.closeAfterAnswers();
      hangar.events.close();
    },
    interrupt() {
      router.open.interrupt();
      mcp.open.interrupt();
    },
    unsent: () => listeners.reduce((sum, each) => sum + each.unsent(), 0),
    close() {
      for (const each of listeners) each.close();
    },
  };
}

/**
 * Opens the separate listener for metrics and probes; `undefined` when none is configured. On loopback it asks nobody who
 * they are, beyond that it asks for the permission that `/metrics` needs beside the traffic.
 * @throws UnsafeBindError as {@link openFrontDoor}.
 */
export async function openMetricsDoor(hangar: Hangar, unsafeNoAuth: boolean): Promise<HttpListener | undefined> {
  const { enabled, host, port } = hangar.config.observability.metrics;
  if (!enabled || port === undefined) return undefined;
  checkBind(hangar, host, unsafeNoAuth);
  const guard = requestGuard({ ...servedHosts(hangar), boundTo: host, allowedOrigins: [] });
  const access = isLoopback(host) ? OPEN_ACCESS : hangar.accessSystem.access;
  const routes = [...metricsRoutes(hangar, access), ...healthRoutes(hangar)];
  const shared = routing(hangar);
  const { denials } = shared;
  const strangers = new Strangers({
    access,
    origin: hangar.accessSystem.origin,
    clock: hangar.platform.clock,
    denials,
  });
  const router = new Router({ ...shared, access, strangers, guard, routes });
  const certificate = isLoopback(host) ? undefined : certificateOf(hangar, withoutClients(hangar.config.http.tls));
  const listener = new HttpListener(
    { ...limits(hangar, host, port), certificate },
    { handle: router.handle, whenFull: whenFull(router.handle) },
  );
  const { url } = await listener.listen();
  hangar.logging.logger.info("metrics_listening", { url: `${url}/metrics` });
  return listener;
}

/** The names under which clients reach the gateway: those of the list, and that of `http.public_url`. */
function servedHosts({ config: { http }, platform }: Hangar): Pick<GuardOptions, "allowedHosts" | "nowMs"> {
  const published = http.public_url === undefined ? [] : [new URL(http.public_url).hostname];
  return { allowedHosts: [...http.allowed_hosts, ...published], nowMs: () => platform.clock.nowMs() };
}

/** Beyond loopback callers have to prove who they are, unless somebody takes the blame; and clear text is worth a word. */
function checkBind({ accessSystem, config, logging }: Hangar, host: string, unsafeNoAuth: boolean): void {
  if (isLoopback(host)) return;
  if (!accessSystem.access.enabled) {
    if (!unsafeNoAuth) throw new UnsafeBindError(host);
    logging.logger.warning("unauthenticated_bind", { host });
  } else if (config.http.tls === undefined && config.http.trusted_proxies.length === 0) {
    const remedy =
      "keys and tokens cross the network in clear text; set http.tls, or http.trusted_proxies if one serves TLS";
    logging.logger.warning("clear_text_bind", { host, remedy });
  }
}

/** Probes come from machines that have no certificate, and who scrapes has to bring a key. */
function withoutClients(tls: ListenerTlsOptions | undefined): ListenerTlsOptions | undefined {
  return tls && { ...tls, client_ca_file: undefined };
}

function certificateOf({ platform, logging }: Hangar, tls: ListenerTlsOptions | undefined): TlsCertificate | undefined {
  if (tls === undefined) return undefined;
  return new TlsCertificate(tls, platform.clock, (error) =>
    logging.logger.error("tls_certificate_unusable", { error }),
  );
}

/** What every router of the gateway shares. */
function routing({
  accessSystem: { access, origin },
  bus,
  config,
  logging,
  platform,
  traffic,
}: Hangar): Pick<RouterOptions, "access" | "bodyBytesMax" | "traffic" | "onError"> & { readonly denials: Denials } {
  return {
    access,
    denials: new Denials({ bus, clock: platform.clock, origin }),
    traffic,
    bodyBytesMax: config.http.max_body_bytes,
    onError: (error, path) => logging.logger.error("http_route_failed", { path, error }),
  };
}

/** Probes come from machines that have no key. */
function healthRoutes({ health }: Hangar): readonly Route[] {
  const probe = (path: string, handle: () => Answer): Route => ({
    method: "GET",
    path,
    permission: "public",
    probe: true,
    handle,
  });
  return [
    probe("/health/live", () => health.live()),
    probe("/health/ready", () => health.ready()),
    probe("/health/startup", () => health.startup()),
  ];
}

function metricsRoutes({ metrics }: Hangar, access: Access): readonly Route[] {
  return metrics === undefined ? [] : [metricsRoute(metrics, access)];
}

/** On a connection beyond the limit only those are answered who have to see how a full gateway is. */
function whenFull(handle: RequestHandler): RequestHandler {
  return (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (path === "/metrics" || path.startsWith("/health/")) return handle(request, response);
    request.resume();
    const message = "the gateway has as many connections as it may (http.max_connections), in all or from this address";
    const refusal = { status: 503, code: "overloaded", message, headers: { "retry-after": "1" } };
    send(
      response,
      path.endsWith("/mcp") ? rpcRefusalAnswer(refusal) : refusalAnswer(refusal),
      request.method === "HEAD",
    );
  };
}

/** Probes and scrapers that may come at once while the gateway is full. */
const RESERVED_CONNECTIONS = 64;

function limits({ config, reloader, platform, traffic }: Hangar, host: string, port: number): ListenerOptions {
  const { http } = config;
  const descriptors = descriptorsMax();
  return {
    host,
    port,
    clock: platform.clock,
    headerBytesMax: http.max_header_bytes,
    limits() {
      const { max_connections: total, max_connections_per_address: perAddress, write_timeout_s } = reloader.config.http;
      const connections = affordable({ total, perAddress, reserved: RESERVED_CONNECTIONS }, descriptors);
      return { connections, writeTimeoutMs: write_timeout_s * 1_000 };
    },
    isProxy: addressSet(http.trusted_proxies),
    onShed: (reason) => traffic.countShed(reason),
    headersTimeoutMs: http.headers_timeout_s * 1_000,
    requestTimeoutMs: http.request_timeout_s * 1_000,
    keepAliveTimeoutMs: http.keep_alive_timeout_s * 1_000,
  };
}
