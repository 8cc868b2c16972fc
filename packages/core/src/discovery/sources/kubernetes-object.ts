import { z } from "zod";
import type { DiscoveredServer } from "../source.ts";
import { announce, isEnabled, type Mark, type OfferedPort } from "./marked-endpoint.ts";

const key = (mark: Mark): string => `mcp.hangar.io/${mark}`;

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(""),
  annotations: z.record(z.string(), z.string()).nullish(),
  deletionTimestamp: z.string().nullish(),
});

const marked = z.object({ metadata });
const protocol = z.string().nullish();
const portName = z.string().nullish();

const service = z.object({
  metadata,
  spec: z.object({
    type: z.string().nullish(),
    ports: z.array(z.object({ name: portName, port: z.number(), protocol })).nullish(),
  }),
});

const pod = z.object({
  metadata,
  spec: z.object({
    containers: z.array(
      z.object({ ports: z.array(z.object({ name: portName, containerPort: z.number(), protocol })).nullish() }),
    ),
  }),
  status: z.object({
    phase: z.string().nullish(),
    podIP: z.string().nullish(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
  }),
});

/** Whether an object has the mark, and which one it is; `undefined` for what is no object. */
export function identify(object: unknown): { readonly id: string; readonly enabled: boolean } | undefined {
  const { data } = marked.safeParse(object);
  if (data === undefined) return undefined;
  const { name, namespace, annotations } = data.metadata;
  return {
    id: `${namespace}/${name}`,
    enabled: isEnabled(new Map(Object.entries(annotations ?? {})).get(key("enable"))),
  };
}

/** What a service announces; nothing when it is not marked, or on its way out. */
export function announceService(object: unknown, clusterDomain: string | undefined): DiscoveredServer | undefined {
  if (identify(object)?.enabled !== true) return undefined;
  const { data } = service.safeParse(object);
  if (data === undefined || isLeaving(data.metadata)) return undefined;
  const { name, namespace } = data.metadata;
  const suffix = clusterDomain === undefined ? "" : `.${clusterDomain}`;
  return announce({
    ...marksOf(data.metadata, "service"),
    // An external name is whatever its author likes, and none of the cluster.
    host: data.spec.type === "ExternalName" ? undefined : `${name}.${namespace}.svc${suffix}`,
    withoutHost: "A service of type ExternalName is not taken: write the server into the configuration instead",
    ports: (data.spec.ports ?? []).filter(isTcp).map(({ name: label, port }) => offered(label, port)),
  });
}

/** What a pod announces; nothing when it is not marked, or not ready to serve. */
export function announcePod(object: unknown): DiscoveredServer | undefined {
  if (identify(object)?.enabled !== true) return undefined;
  const { data } = pod.safeParse(object);
  if (data === undefined || isLeaving(data.metadata)) return undefined;
  const { phase, podIP, conditions } = data.status;
  const isReady = (conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
  if (phase !== "Running" || !isReady) return undefined;
  return announce({
    ...marksOf(data.metadata, "pod"),
    host: podIP ?? undefined,
    withoutHost: "Kubernetes has given it none yet",
    ports: data.spec.containers
      .flatMap(({ ports }) => ports ?? [])
      .filter(isTcp)
      .map(({ name: label, containerPort }) => offered(label, containerPort)),
  });
}

function marksOf({ name, namespace, annotations }: z.output<typeof metadata>, kind: string) {
  const marks = new Map(Object.entries(annotations ?? {}));
  return {
    key,
    value: (mark: Mark): string | undefined => marks.get(key(mark)),
    name,
    location: `${kind} ${namespace}/${name}`,
  };
}

function isLeaving({ deletionTimestamp }: z.output<typeof metadata>): boolean {
  return deletionTimestamp !== undefined && deletionTimestamp !== null;
}

function isTcp({ protocol: name }: { readonly protocol?: string | null | undefined }): boolean {
  return name === undefined || name === null || name === "TCP";
}

function offered(name: string | null | undefined, port: number): OfferedPort {
  return { name: name ?? undefined, port };
}
