import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DiscoverySource } from "../../src/discovery/source.ts";
import { kubernetesSource } from "../../src/discovery/sources/kubernetes.ts";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import type { Platform } from "../../src/platform/platform.ts";

import { type KubeObject, KubernetesApi, status } from "./kubernetes-api-server.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mcp-hangar-cluster-"));
});
afterAll(() => rm(folder, { recursive: true }));

const ENABLED = { "mcp.hangar.io/enable": "true" };
const never = new AbortController().signal;

/** Writes a kubeconfig for a cluster, as `kubectl config view --raw` prints it. */
async function kubeconfigFor(api: KubernetesApi, token = api.token): Promise<string> {
  const path = join(folder, `config-${Math.random()}`);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "here", cluster: { server: api.url, "insecure-skip-tls-verify": true } },
      { name: "elsewhere", cluster: { server: "http://127.0.0.1:1", "insecure-skip-tls-verify": true } },
    ],
    users: [{ name: "gateway", user: { token } }],
    contexts: [
      { name: "here", context: { cluster: "here", user: "gateway" } },
      { name: "elsewhere", context: { cluster: "elsewhere", user: "gateway" } },
      { name: "broken", context: { cluster: "none", user: "gateway" } },
    ],
    "current-context": "elsewhere",
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

async function sourceAt(
  api: KubernetesApi,
  options: object = {},
  platform: Platform = nodePlatform,
): Promise<DiscoverySource> {
  const kubeconfig = await kubeconfigFor(api);
  return sourceWith({ kubeconfig, context: "here", ...options }, platform);
}

function sourceWith(options: object, platform: Platform = nodePlatform): DiscoverySource {
  const parsed = kubernetesSource.optionsSchema.parse({ type: "kubernetes", ...options });
  return kubernetesSource.create(parsed, { platform, parseDocument: () => undefined });
}

function service(
  name: string,
  annotations: Record<string, string> = ENABLED,
  more: { spec?: object; metadata?: object } = {},
): KubeObject {
  return {
    metadata: { name, namespace: "tools", annotations, ...more.metadata },
    spec: {
      type: "ClusterIP",
      clusterIP: "10.96.0.7",
      ports: [{ name: "http", port: 8080, protocol: "TCP", targetPort: 8080 }],
      ...more.spec,
    },
    status: { loadBalancer: {} },
  };
}

function pod(name: string, more: { metadata?: object; spec?: object; status?: object } = {}): KubeObject {
  return {
    metadata: { name, namespace: "tools", annotations: ENABLED, ...more.metadata },
    spec: {
      containers: [
        { name: "server", image: "acme/weather", ports: [{ name: "mcp", containerPort: 9000, protocol: "TCP" }] },
        { name: "sidecar", image: "acme/proxy", ports: [{ containerPort: 15_000, protocol: "TCP" }] },
        { name: "quiet", image: "acme/quiet" },
      ],
      ...more.spec,
    },
    status: {
      phase: "Running",
      podIP: "10.244.1.5",
      conditions: [
        { type: "ContainersReady", status: "True" },
        { type: "Ready", status: "True" },
      ],
      ...more.status,
    },
  };
}

describe("an annotated object is announced", () => {
  test("as a service under its name in the cluster", async () => {
    await using api = await KubernetesApi.listen();
    api.put("services", service("weather"));
    api.put("services", service("database", {}));
    api.put("services", service("maybe", { "mcp.hangar.io/enable": "True" }));
    expect(await (await sourceAt(api)).discover(never)).toEqual([
      {
        name: "weather",
        location: "service tools/weather",
        options: { mode: "remote", endpoint: "http://weather.tools.svc:8080/mcp" },
      },
    ]);
    expect(api.requests.map(({ pathname, search }) => pathname + search)).toEqual(["/api/v1/services?limit=250"]);
    // On purpose: as far as the server is concerned, it could stay for ten minutes.
    await poll("end of the connection", () => api.connections === 0);
  });

  test("under the name, port, path and scheme of its annotations", async () => {
    await using api = await KubernetesApi.listen();
    const annotations = {
      ...ENABLED,
      "mcp.hangar.io/name": "forecast",
      "mcp.hangar.io/port": "secure",
      "mcp.hangar.io/path": "/v1",
      "mcp.hangar.io/scheme": "https",
    };
    const ports = [
      { name: "plain", port: 80 },
      { name: "secure", port: 443 },
      { name: "mcp", port: 53, protocol: "UDP" },
    ];
    api.put("services", service("weather", annotations, { spec: { ports } }));
    expect(await (await sourceAt(api, { cluster_domain: "cluster.local" })).discover(never)).toMatchObject([
      { name: "forecast", options: { endpoint: "https://weather.tools.svc.cluster.local:443/v1" } },
    ]);
  });

  test("as a pod under its address, at the port named mcp", async () => {
    await using api = await KubernetesApi.listen();
    api.put("pods", pod("weather-1"));
    expect(await (await sourceAt(api, { resources: ["pods", "services"] })).discover(never)).toEqual([
      {
        name: "weather-1",
        location: "pod tools/weather-1",
        options: { mode: "remote", endpoint: "http://10.244.1.5:9000/mcp" },
      },
    ]);
  });

  test("in the namespaces and with the labels that the source is told", async () => {
    await using api = await KubernetesApi.listen();
    const at = (name: string, namespace: string, app: string) =>
      api.put("services", service(name, ENABLED, { metadata: { namespace, labels: { app } } }));
    at("a", "tools", "mcp");
    at("b", "more", "mcp");
    at("c", "tools", "other");
    at("d", "secret", "mcp");
    const source = await sourceAt(api, { namespaces: ["tools", "more"], label_selector: "app=mcp" });
    expect((await source.discover(never)).map(({ location }) => location)).toEqual([
      "service tools/a",
      "service more/b",
    ]);
    expect(api.requests.map(({ pathname }) => pathname)).toEqual([
      "/api/v1/namespaces/tools/services",
      "/api/v1/namespaces/more/services",
    ]);
  });

  test("when there are more than fit on a page", async () => {
    await using api = await KubernetesApi.listen();
    for (let i = 0; i < 1_001; i++) api.put("services", service(`weather-${i}`));
    expect(await (await sourceAt(api)).discover(never)).toHaveLength(1_001);
    expect(api.requests).toHaveLength(5);
  });

  test("also when the pages expired while they were read", async () => {
    await using api = await KubernetesApi.listen();
    for (let i = 0; i < 300; i++) api.put("services", service(`weather-${i}`));
    api.misbehaviour = () => {
      if (api.requests.length === 2) api.forgetPages();
      return false;
    };
    expect(await (await sourceAt(api)).discover(never)).toHaveLength(300);
    expect(api.requests.map(({ searchParams }) => searchParams.has("continue"))).toEqual([false, true, false, true]);
  });
});

test.each<[string, KubeObject]>([
  ["is pending", pod("p", { status: { phase: "Pending", podIP: undefined } })],
  ["is not ready", pod("p", { status: { conditions: [{ type: "Ready", status: "False" }] } })],
  ["has no conditions yet", pod("p", { status: { conditions: undefined } })],
  ["is on its way out", pod("p", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } })],
  ["is not annotated", pod("p", { metadata: { annotations: undefined } })],
])("a pod that %s is not announced", async (_name, object) => {
  await using api = await KubernetesApi.listen();
  api.put("pods", object);
  expect(await (await sourceAt(api, { resources: ["pods"] })).discover(never)).toEqual([]);
});

test.each<[string, KubeObject, RegExp]>([
  [
    "a port that it does not have",
    service("s", { ...ENABLED, "mcp.hangar.io/port": "grpc" }),
    /mcp\.hangar\.io\/port is "grpc"/,
  ],
  [
    "a path with a line break",
    service("s", { ...ENABLED, "mcp.hangar.io/path": "/a\nb" }),
    /"\/a\\nb", and it is no path/,
  ],
  ["several ports", service("s", ENABLED, { spec: { ports: [{ port: 1 }, { port: 2 }] } }), /the ports 1, 2/],
  [
    "an external name",
    service("s", ENABLED, { spec: { type: "ExternalName", externalName: "169.254.169.254" } }),
    /ExternalName is not taken/,
  ],
  ["a name that ends a host", service("evil.example/#"), /is no name of a host/],
])("%s is a problem of its object only", async (_name, object, problem) => {
  await using api = await KubernetesApi.listen();
  api.put("services", object);
  api.put("services", service("good"));
  const found = await (await sourceAt(api)).discover(never);
  expect(found).toMatchObject([{ problem: expect.stringMatching(problem) }, { name: "good" }]);
});

test("objects of another kind are passed over", async () => {
  await using api = await KubernetesApi.listen();
  api.put("services", service("strange", ENABLED, { spec: { ports: "none" } }));
  api.put("services", service("good"));
  expect(await (await sourceAt(api)).discover(never)).toMatchObject([{ name: "good" }]);
});

describe("a cluster that cannot be asked is an error that says what to do", () => {
  test("without the role, naming it", async () => {
    await using api = await KubernetesApi.listen();
    const forbidden = (url: URL): string =>
      `services is forbidden: User "system:serviceaccount:tools:gateway" cannot list resource "services" in API group "" ${url.pathname.includes("/namespaces/") ? 'in the namespace "tools"' : "at the cluster scope"}`;
    api.misbehaviour = (url, response) => status(response, 403, "Forbidden", forbidden(url));
    await expect((await sourceAt(api)).discover(never)).rejects.toThrow(
      /may not list services \(403: services is forbidden: User "system:serviceaccount:tools:gateway".*Give its account a ClusterRole with the verbs list and watch on services$/,
    );
    await expect((await sourceAt(api, { namespaces: ["tools"] })).discover(never)).rejects.toThrow(
      /Give its account a Role in the namespace tools with/,
    );
  });

  test("with credentials that are not accepted, until better ones are in the file", async () => {
    await using api = await KubernetesApi.listen();
    const kubeconfig = await kubeconfigFor(api, "expired");
    const source = sourceWith({ kubeconfig, context: "here" });
    await expect(source.discover(never)).rejects.toThrow(
      /does not accept the credentials \(401: Unauthorized\)\. Renew/,
    );
    api.token = "expired";
    expect(await source.discover(never)).toEqual([]);
    api.token = "renewed";
    await expect(source.discover(never)).rejects.toThrow(/401/);
    await writeFile(
      kubeconfig,
      (await import("node:fs")).readFileSync(kubeconfig, "utf8").replace("expired", "renewed"),
    );
    expect(await source.discover(never)).toEqual([]);
  });

  test.each<[string, NonNullable<KubernetesApi["misbehaviour"]>, RegExp]>([
    [
      "an error",
      (_url, response) => status(response, 500, "InternalError", "etcdserver: request timed out"),
      /refuses to list services \(500: etcdserver/,
    ],
    [
      "an error without words",
      (_url, response) => Boolean(response.writeHead(502).end("<html>")),
      /\(502: no reason given\)/,
    ],
    [
      "half an answer",
      (_url, response) => Boolean(response.writeHead(200).end('{"items":[')),
      /could not be asked: the answer is no JSON/,
    ],
    [
      "an answer that breaks off",
      (_url, response) => {
        response.writeHead(200, { "content-length": 1_000 }).write("{");
        setImmediate(() => response.destroy());
        return true;
      },
      /could not be asked/,
    ],
    ["something else", (_url, response) => Boolean(response.writeHead(200).end('"hello"')), /gave no list of services/],
    [
      "the same page for ever",
      (_url, response) => Boolean(response.writeHead(200).end('{"metadata":{"continue":"again"},"items":[]}')),
      /same page of services again and again/,
    ],
    ["pages without an end", endless, /more than 20000 services: narrow them down/],
  ])("that gives %s", async (_name, misbehaviour, words) => {
    await using api = await KubernetesApi.listen();
    api.misbehaviour = misbehaviour;
    await expect((await sourceAt(api)).discover(never)).rejects.toThrow(words);
    await poll("end of the connections", () => api.connections === 0);
  });

  test("that is too slow", async () => {
    await using api = await KubernetesApi.listen();
    api.misbehaviour = () => true;
    const abort = new AbortController();
    const discovery = (await sourceAt(api)).discover(abort.signal);
    await poll("request", () => api.requests.length === 1);
    abort.abort(new Error("it did not answer within 10 s"));
    await expect(discovery).rejects.toThrow("it did not answer within 10 s");
    await poll("end of the connection", () => api.connections === 0);
  });

  test("that is not there", async () => {
    await using api = await KubernetesApi.listen();
    await expect((await sourceAt(api, { context: "elsewhere" })).discover(never)).rejects.toThrow(
      /the API of the cluster at http:\/\/127\.0\.0\.1:1 could not be asked: .*ECONNREFUSED/,
    );
  });

  test.each<[string, object, RegExp]>([
    ["a missing kubeconfig", { kubeconfig: "/no/such/config" }, /kubeconfig \/no\/such\/config cannot be read: ENOENT/],
    ["an unknown context", { context: "nowhere" }, /has no context "nowhere"\. It has: here, elsewhere, broken/],
    ["a context without its cluster", { context: "broken" }, /the context "broken" of .* has no cluster/],
    [
      "a gateway that is not in a cluster",
      { kubeconfig: undefined, context: undefined },
      /does not run in a cluster .* Set kubeconfig/,
    ],
    [
      "a context without kubeconfig",
      { kubeconfig: undefined },
      /context is set without kubeconfig|does not run in a cluster/,
    ],
  ])("because of %s", async (_name, options, words) => {
    await using api = await KubernetesApi.listen();
    const platform = { ...nodePlatform, env: {} };
    await expect((await sourceAt(api, options, platform)).discover(never)).rejects.toThrow(words);
  });
});

function endless(url: URL, response: Parameters<NonNullable<KubernetesApi["misbehaviour"]>>[1]): boolean {
  const next = String(Number(url.searchParams.get("continue") ?? 0) + 1);
  response.writeHead(200).end(JSON.stringify({ metadata: { continue: next }, items: Array(5_000).fill({}) }));
  return true;
}

/** Waits take a twentieth of their time. */
const quick: Platform = {
  ...nodePlatform,
  clock: { ...nodePlatform.clock, schedule: (ms, run) => nodePlatform.clock.schedule(ms / 20, run) },
};

describe("changes are noticed", () => {
  test("of marked objects, and of those that were marked", async () => {
    await using api = await KubernetesApi.listen();
    api.put("services", service("weather"));
    let hints = 0;
    const stop = (await sourceAt(api, {}, quick)).watch?.(() => hints++);
    await poll("the watch", () => api.watchers === 1 && hints === 1);
    expect(api.requests.at(-1)?.searchParams.get("resourceVersion")).toBe("101");
    api.put("services", service("forecast"));
    await poll("hint at a new one", () => hints === 2);
    api.put("services", service("weather", {}));
    await poll("hint at one that is marked no more", () => hints === 3);
    api.remove("services", service("forecast"));
    await poll("hint at one that is gone", () => hints === 4);
    stop?.();
    await poll("end of the watch", () => api.connections === 0);
  });

  test("after the API has ended the watch, by a list and a watch from there", async () => {
    await using api = await KubernetesApi.listen();
    let hints = 0;
    const stop = (await sourceAt(api, {}, quick)).watch?.(() => hints++);
    await poll("the watch", () => api.watchers === 1);
    api.endWatches();
    await poll("the next watch", () => api.watchers === 1 && api.requests.length === 4 && hints === 2);
    stop?.();
  });

  test.each<[string, (api: KubernetesApi) => void]>([
    [
      "410 as a change",
      (api) => {
        api.say('{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}');
      },
    ],
    ["a line that is no JSON", (api) => api.say('{"type":"ADDED","object"')],
    ["a line that is no change", (api) => api.say("[]")],
    ["a line without an end", (api) => api.say("x".repeat(5 * 1024 * 1024))],
  ])("after %s, which leads to a new list", async (_name, disturb) => {
    await using api = await KubernetesApi.listen();
    let hints = 0;
    const stop = (await sourceAt(api, {}, quick)).watch?.(() => hints++);
    await poll("the watch", () => api.watchers === 1);
    disturb(api);
    await poll("the next watch", () => api.watchers === 1 && api.lists.length === 2 && hints === 2);
    stop?.();
  });

  test("although every watch is too old, by list after list and not in a tight loop", async () => {
    await using api = await KubernetesApi.listen();
    api.oldest = 1_000;
    const { clock } = nodePlatform;
    const waits: number[] = [];
    const platform: Platform = {
      ...nodePlatform,
      clock: {
        ...clock,
        schedule: (ms, run) => {
          waits.push(ms);
          return clock.schedule(ms / 50, run);
        },
      },
    };
    const stop = (await sourceAt(api, {}, platform)).watch?.(() => undefined);
    await poll("lists", () => api.lists.length >= 4);
    stop?.();
    // The other waits are those between two hints.
    const pauses = waits.filter((ms) => ms !== 1_000);
    expect(pauses[0]).toBeGreaterThanOrEqual(500);
    expect(pauses[2]).toBeGreaterThanOrEqual(2_000);
  });

  test("in each of the namespaces, and of both kinds", async () => {
    await using api = await KubernetesApi.listen();
    let hints = 0;
    const options = { namespaces: ["tools", "more"], resources: ["services", "pods"] };
    const stop = (await sourceAt(api, options, quick)).watch?.(() => hints++);
    await poll("all watches", () => api.watchers === 4 && hints === 4);
    api.put("pods", pod("weather"));
    await poll("hint", () => hints === 5);
    stop?.();
    await poll("end of the watches", () => api.connections === 0);
  });
});

test.each([
  { namespaces: ["../secrets"] },
  { namespaces: ["Tools"] },
  { resources: ["secrets"] },
  { resources: [] },
  { cluster_domain: "evil.example/#" },
  { label_selector: "" },
])("the options %j are refused", (options) => {
  expect(kubernetesSource.optionsSchema.safeParse({ type: "kubernetes", ...options }).success).toBe(false);
});
