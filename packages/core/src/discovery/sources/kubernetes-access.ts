import { isIPv6 } from "node:net";
import type { Cluster, KubeConfig } from "@kubernetes/client-node";
import { egress, proxyHref } from "@mcp-hangar/egress";
import type { Platform } from "../../platform/platform.ts";
import { loadOptional } from "./optional-package.ts";

/** Where the cluster is, and who asks. */
export interface ClusterChoice {
  /** Path of a kubeconfig; without it the gateway is taken to run in the cluster. */
  readonly kubeconfig: string | undefined;
  /** Context of the kubeconfig, when not its current one. */
  readonly context: string | undefined;
}

/** Where Kubernetes puts the credentials of a pod's service account. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The client of Kubernetes, which knows all ways of proving who one is: tokens, certificates, plug-ins, OIDC. */
type Client = typeof import("@kubernetes/client-node");

/** How to reach a cluster. */
export interface ClusterAccess {
  readonly client: Client;
  readonly config: KubeConfig;
  /** URL of its API. */
  readonly server: string;
}

/**
 * Reads how to reach the cluster.
 * @throws Error that says what is missing and what to do
 */
export async function loadAccess(
  choice: ClusterChoice,
  env: Platform["env"],
  serviceAccount: string = SERVICE_ACCOUNT,
): Promise<ClusterAccess> {
  const client = await loadOptional(
    "@kubernetes/client-node",
    "discovery of type kubernetes",
    () => import("@kubernetes/client-node"),
  );
  const config = new client.KubeConfig();
  if (choice.kubeconfig === undefined) config.loadFromOptions(inCluster(choice, env, serviceAccount));
  else readFile(config, choice.kubeconfig, choice.context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const context = config.getCurrentContext();
    throw new Error(
      `the context ${JSON.stringify(context)} of ${choice.kubeconfig} has no cluster. Correct the file, or context`,
    );
  }
  const server = cluster.server.replace(/\/+$/, "");
  // The API is near a pod that asks for it by the address that Kubernetes gave it.
  if (choice.kubeconfig !== undefined) takeProxy(cluster, server);
  return { client, config, server };
}

/** A cluster whose kubeconfig names no `proxy-url` is reached as everything else; the client opens the tunnels. */
function takeProxy(cluster: Cluster, server: string): void {
  const proxy = cluster.proxyUrl === undefined ? egress.proxyFor(new URL(server)) : undefined;
  if (proxy === undefined) return;
  Object.assign(cluster, { proxyUrl: proxyHref(proxy) });
}

function readFile(config: KubeConfig, path: string, context: string | undefined): void {
  try {
    config.loadFromFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`kubeconfig ${path} cannot be read: ${reason}. Check the path, its permissions and its content`, {
      cause,
    });
  }
  if (context === undefined) return;
  if (config.getContextObject(context) === null) {
    const known = config
      .getContexts()
      .map(({ name }) => name)
      .slice(0, 20)
      .join(", ");
    throw new Error(`kubeconfig ${path} has no context ${JSON.stringify(context)}. It has: ${known || "none"}`);
  }
  config.setCurrentContext(context);
}

/** As a pod finds it. The token is read from its file again and again, because Kubernetes renews it. */
function inCluster({ context }: ClusterChoice, env: Platform["env"], serviceAccount: string): object {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = env;
  if (host === undefined || host === "") {
    throw new Error(
      "the gateway does not run in a cluster (KUBERNETES_SERVICE_HOST is not set). Set kubeconfig to the path of a kubeconfig",
    );
  }
  if (context !== undefined) throw new Error("context is set without kubeconfig, whose contexts it is about. Set both");
  const name = "in-cluster";
  return {
    clusters: [
      {
        name,
        server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
        caFile: `${serviceAccount}/ca.crt`,
        skipTLSVerify: false,
      },
    ],
    users: [{ name, authProvider: { name: "tokenFile", config: { tokenFile: `${serviceAccount}/token` } } }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  };
}
