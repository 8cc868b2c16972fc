import { z } from "zod";
import { MANAGED_LABEL } from "../../transports/docker/run-arguments.ts";
import type { DiscoveredServer } from "../source.ts";
import { announce, isEnabled, type Mark } from "./marked-endpoint.ts";

const key = (mark: Mark | "network"): string => `mcp.hangar.${mark}`;

/** Label by which a container says that it is an MCP server, with the value "true". */
export const ENABLE_LABEL: string = key("enable");

const address = z.string().nullish();

/** What is read of an entry of `GET /containers/json`. Podman leaves out, or sets to null, what is empty. */
export const containerSummary = z.object({
  Id: z.string(),
  Names: z.array(z.string()).nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  State: z.string().nullish(),
  /** For people: "Up 5 minutes (healthy)". */
  Status: z.string().nullish(),
  /** Since API version 1.52. */
  Health: z.object({ Status: z.string().nullish() }).nullish(),
  Ports: z.array(z.object({ PrivatePort: z.number(), Type: z.string().nullish() })).nullish(),
  NetworkSettings: z
    .object({
      Networks: z.record(z.string(), z.object({ IPAddress: address, GlobalIPv6Address: address }).nullish()).nullish(),
    })
    .nullish(),
});
type ContainerSummary = z.output<typeof containerSummary>;

/** What a container announces; nothing when it is not marked, or not (yet) able to serve. */
export function announceContainer(
  container: ContainerSummary,
  network: string | undefined,
): DiscoveredServer | undefined {
  const labels = new Map(Object.entries(container.Labels ?? {}));
  if (!isEnabled(labels.get(ENABLE_LABEL)) || labels.get(MANAGED_LABEL) === "true") return undefined;
  if (container.State !== "running" || !isHealthy(container)) return undefined;
  const id = container.Id.slice(0, 12);
  const name = (container.Names?.[0] ?? id).replace(/^\//, "");
  const wanted = labels.get(key("network")) ?? network;
  return announce({
    key,
    value: (mark) => labels.get(key(mark)),
    name,
    location: `container ${name} (${id})`,
    host: addressOf(container, wanted),
    withoutHost:
      wanted === undefined
        ? "Attach the container to a network that the gateway reaches"
        : `Attach the container to the network ${JSON.stringify(wanted.slice(0, 100))}, or correct ${key("network")}`,
    ports: tcpPorts(container).map((port) => ({ port })),
  });
}

/** A container without a health check is taken for healthy. */
function isHealthy({ Health, Status }: ContainerSummary): boolean {
  const status = Health?.Status ?? /\((healthy|unhealthy|health: starting|starting)\)/.exec(Status ?? "")?.[1];
  return status === undefined || status === "" || status === "none" || status === "healthy";
}

function addressOf({ NetworkSettings }: ContainerSummary, wanted: string | undefined): string | undefined {
  const networks = Object.entries(NetworkSettings?.Networks ?? {});
  const eligible = wanted === undefined ? networks : networks.filter(([name]) => name === wanted);
  return eligible.map(([, settings]) => settings?.IPAddress || settings?.GlobalIPv6Address).find(Boolean) || undefined;
}

/** A port that is published on several addresses is listed once for each. */
function tcpPorts({ Ports }: ContainerSummary): readonly number[] {
  const tcp = (Ports ?? []).filter(({ Type }) => Type === undefined || Type === null || Type === "tcp");
  return [...new Set(tcp.map(({ PrivatePort }) => PrivatePort))];
}
