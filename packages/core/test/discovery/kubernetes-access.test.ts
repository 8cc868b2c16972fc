/** @module-tag openssl */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadAccess } from "../../src/discovery/sources/kubernetes-access.ts";
import { list } from "../../src/discovery/sources/kubernetes-api.ts";
import { KubernetesApi } from "./kubernetes-api-server.ts";

const never = new AbortController().signal;
const SERVICES = { resource: "services", namespace: undefined, labelSelector: undefined } as const;

let account: string;
const file = (name: string): string => join(account, name);

/** The folder that Kubernetes mounts into pods: the token of their account and the certificate of the API. */
beforeAll(async () => {
  account = await mkdtemp(join(tmpdir(), "mcp-hangar-account-"));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file("api.key")];
  const names = ["-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", "-days", "1", ...key, ...names, "-out", file("ca.crt")], { stdio: "pipe" });
  await writeFile(file("token"), "the-token\n");
});
afterAll(() => rm(account, { recursive: true }));

test("in the cluster, the API is asked with the token of the pod and trusted by the certificate beside it", async () => {
  await using api = await KubernetesApi.listen({
    key: await readFile(file("api.key")),
    cert: await readFile(file("ca.crt")),
  });
  const { hostname, port } = new URL(api.url);
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  const inside = { kubeconfig: undefined, context: undefined };
  const access = await loadAccess(inside, env, account);
  expect(access.server).toBe(api.url);
  expect(await list(access, SERVICES, never)).toEqual({ items: [], resourceVersion: "100" });
  expect(api.lists).toHaveLength(1);
});

test("an API with another certificate is not trusted", async () => {
  const other = file("other.crt");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file("other.key")];
  const names = ["-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", "-days", "1", ...key, ...names, "-out", other], { stdio: "pipe" });
  await using api = await KubernetesApi.listen({ key: await readFile(file("other.key")), cert: await readFile(other) });
  const env = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: new URL(api.url).port };
  const access = await loadAccess({ kubeconfig: undefined, context: undefined }, env, account);
  await expect(list(access, SERVICES, never)).rejects.toThrow(/could not be asked: self-signed certificate/);
  expect(api.requests).toEqual([]);
});

test("the address of an API over IPv6 is written as URLs have it", async () => {
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const { server } = await loadAccess({ kubeconfig: undefined, context: undefined }, env, account);
  expect(server).toBe("https://[fd00::1]:443");
});
