import type { IncomingMessage } from "node:http";
import type { Metrics, Scraper } from "@mcp-hangar/metrics";
import type { Caller } from "@mcp-hangar/telemetry";
import type { Access } from "../access/access.ts";
import type { Route } from "./route.ts";

/** Sent by Prometheus and by what scrapes as it does (agents, collectors), and by no browser or person. */
const SCRAPER_HEADER = "x-prometheus-scrape-timeout-seconds";
/** Characters of what tells scrapers apart. */
const SCRAPER_NAME_MAX = 500;

/** Serves `/metrics`: of the servers and tools that the caller's roles reach, in the format and encoding that are asked for. */
export function metricsRoute(metrics: Metrics, access: Access): Route {
  return {
    method: "GET",
    path: "/metrics",
    permission: "metrics:read",
    async handle({ http, caller }, response) {
      const scraper = scraperOf(http, caller);
      const shows = access.enabled ? showsTo(access, caller) : undefined;
      const gzip = acceptsGzip(http.headers["accept-encoding"]);
      const { accept } = http.headers;
      const { contentType, body, delivered } = await metrics.render({ accept, gzip, scraper, shows });
      response.once("finish", delivered);
      const headers = { vary: "accept, accept-encoding", ...(gzip && { "content-encoding": "gzip" }) };
      return { status: 200, contentType, body, headers };
    },
  };
}

/** A role with tool rules sees the servers and tools that it admits, one without sees all: as everywhere else. */
function showsTo(access: Access, caller: Caller): (server: string, tool: string | undefined) => boolean {
  return (server, tool) =>
    tool === undefined
      ? access.reaches(caller, server, "metrics:read")
      : access.admits(caller, server, tool, "metrics:read");
}

/** Scrapers that share an address, a credential and a program are told apart by their connections. */
function scraperOf({ method, headers, socket }: IncomingMessage, caller: Caller): Scraper | undefined {
  // A HEAD request brings no sample to anybody.
  if (method !== "GET" || headers[SCRAPER_HEADER] === undefined) return undefined;
  const parts = [socket.remoteAddress, headers["x-forwarded-for"], headers["user-agent"], caller.credential];
  return { name: parts.join(" ").slice(0, SCRAPER_NAME_MAX), connection: socket };
}

/** Whether an `Accept-Encoding` header (RFC 9110, section 12.5.3) allows gzip: by name, or by `*` where no name is given. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.split(";").map((part) => part.trim()));
  const found =
    codings.find(([name]) => name === "gzip" || name === "x-gzip") ?? codings.find(([name]) => name === "*");
  if (found === undefined) return false;
  const quality = found.find((part) => part.startsWith("q="))?.slice(2) ?? "1";
  return Number(quality) > 0;
}
