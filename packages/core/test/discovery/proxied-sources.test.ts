import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EgressRules, egress, parseProxy } from "@mcp-hangar/egress";
import { ForwardProxy } from "@mcp-hangar/testing/proxy";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { DockerEngine } from "../../src/discovery/sources/docker-engine.ts";
import { loadAccess } from "../../src/discovery/sources/kubernetes-access.ts";

const folder = mkdtempSync(join(tmpdir(), "hangar-sources-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function through(url: string): void {
  const parsed = parseProxy(url, "egress.proxy.url");
  if (!("proxy" in parsed)) throw new Error(parsed.problem);
  onTestFinished(egress.use(new EgressRules({ http: parsed.proxy, https: parsed.proxy })));
}

it("an engine at an address of the network is asked through the proxy", async () => {
  const server = createServer((request, response) => response.end(JSON.stringify([request.url])));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = await ForwardProxy.start({ credentials: "hangar:password" });
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await proxy.stop();
  });
  through(proxy.url());
  const place = `engine.test:${(server.address() as AddressInfo).port}`;
  const engine = await DockerEngine.open({ host: `tcp://${place}`, tls: undefined });
  expect(await engine.getJson("/containers/json", {}, AbortSignal.timeout(60_000))).toEqual(["/containers/json"]);
  expect(proxy.requests.at(-1)).toMatchObject({ target: place, isTunnel: true });
});

it.each<[string, Record<string, string>, string | undefined]>([
  ["the proxy of the gateway", {}, "http://hangar:p%40ss@proxy.example:3128/"],
  ["its own, where its kubeconfig names one", { "proxy-url": "http://own.example:1" }, "http://own.example:1"],
])("a cluster is reached through %s", async (_what, more, expected) => {
  through("http://hangar:p%40ss@proxy.example:3128");
  const file = join(folder, `kubeconfig-${Object.keys(more).length}`);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "far", cluster: { server: "https://k8s.example:6443", ...more } }],
    users: [{ name: "me", user: { token: "t" } }],
    contexts: [{ name: "far", context: { cluster: "far", user: "me" } }],
    "current-context": "far",
  };
  writeFileSync(file, JSON.stringify(config));
  const access = await loadAccess({ kubeconfig: file, context: undefined }, {});
  expect(access.config.getCurrentCluster()?.proxyUrl).toBe(expected);
});

it("the cluster that the gateway runs in is reached directly", async () => {
  through("http://proxy.example:3128");
  const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const access = await loadAccess({ kubeconfig: undefined, context: undefined }, env, folder);
  expect(access.config.getCurrentCluster()?.proxyUrl).toBeUndefined();
});
