import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { DiscoverySource } from "../../src/discovery/source.ts";
import { dockerSource } from "../../src/discovery/sources/docker.ts";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import type { Platform } from "../../src/platform/platform.ts";

import { type Container, DockerApi } from "./docker-api.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mcp-hangar-engine-"));
});
afterAll(() => rm(folder, { recursive: true }));

const ENABLED = { "mcp.hangar.enable": "true" };
const never = new AbortController().signal;

function sourceAt(host: string, options: object = {}, platform: Platform = nodePlatform): DiscoverySource {
  const parsed = dockerSource.optionsSchema.parse({ type: "docker", host, ...options });
  return dockerSource.create(parsed, { platform, parseDocument: () => undefined });
}

/** What is announced of containers. */
async function announced(containers: readonly Container[], options: object = {}) {
  await using api = await DockerApi.listen();
  api.containers = containers;
  return await sourceAt(api.host, options).discover(never);
}

describe("a labelled container is announced", () => {
  test("over the engine's socket, with its network address and its one port", async () => {
    await using api = await DockerApi.listen(join(folder, "docker.sock"));
    api.containers = [{ name: "weather", labels: ENABLED }, { name: "database" }];
    expect(await sourceAt(api.host).discover(never)).toEqual([
      {
        name: "weather",
        location: "container weather (776561746865)",
        options: { mode: "remote", endpoint: "http://172.17.0.2:8080/mcp" },
      },
    ]);
    const [{ searchParams }] = api.requests as [URL];
    expect(JSON.parse(searchParams.get("filters") ?? "")).toEqual({
      label: ["mcp.hangar.enable=true"],
      status: ["running"],
    });
    await poll("end of the connection", () => api.connections === 0);
  });

  test("over TCP with TLS and a client certificate", { tags: ["openssl"] }, async () => {
    const file = (name: string): string => join(folder, name);
    const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "pipe" });
    for (const name of ["server", "client"]) {
      openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
        "-subj",
        `/CN=${name}`,
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        file(`${name}.key`),
        "-out",
        file(`${name}.pem`),
      );
    }
    const [key, cert, ca] = await Promise.all(
      ["server.key", "server.pem", "client.pem"].map((name) => readFile(file(name))),
    );
    await using api = await DockerApi.listen(undefined, { key, cert, ca, requestCert: true, rejectUnauthorized: true });
    api.containers = [{ name: "weather", labels: ENABLED }];
    const tls = { ca_file: file("server.pem"), cert_file: file("client.pem"), key_file: file("client.key") };
    expect(await sourceAt(api.host, { tls }).discover(never)).toMatchObject([{ name: "weather" }]);
    await expect(sourceAt(api.host, { tls: {} }).discover(never)).rejects.toThrow(/self-signed/);
    await expect(sourceAt(api.host, { tls: { ca_file: file("server.pem") } }).discover(never)).rejects.toThrow(
      /gave no usable answer/,
    );
    await expect(sourceAt(api.host).discover(never)).rejects.toThrow(/gave no usable answer/);
  });

  test("under the name, port, path and scheme of its labels", async () => {
    const labels = {
      ...ENABLED,
      "mcp.hangar.name": "forecast",
      "mcp.hangar.port": "9000",
      "mcp.hangar.path": "/v1/mcp",
      "mcp.hangar.scheme": "https",
    };
    expect(await announced([{ name: "weather", labels, ports: [8080, 9000] }])).toMatchObject([
      { name: "forecast", options: { endpoint: "https://172.17.0.2:9000/v1/mcp" } },
    ]);
  });

  test.each<[string, object, Readonly<Record<string, string>>, string]>([
    ["its first network", {}, {}, "172.17.0.2"],
    ["the network of the source", { network: "tools" }, {}, "10.5.0.9"],
    ["the network of its label", { network: "bridge" }, { "mcp.hangar.network": "six" }, "[fd00::9]"],
  ])("with its address in %s", async (_name, options, labels, host) => {
    const networks = { bridge: "172.17.0.2", tools: "10.5.0.9", six: "fd00::9" };
    expect(await announced([{ name: "weather", labels: { ...ENABLED, ...labels }, networks }], options)).toMatchObject([
      { options: { endpoint: `http://${host}:8080/mcp` } },
    ]);
  });
});

test.each<[string, Partial<Container>]>([
  ["is not labelled", { labels: {} }],
  ["is labelled with another word", { labels: { "mcp.hangar.enable": "yes" } }],
  ["is a server that a gateway runs itself", { labels: { ...ENABLED, "mcp.hangar.managed": "true" } }],
  ["has exited", { state: "exited", status: "Exited (0) 2 minutes ago" }],
  ["is paused", { state: "paused", status: "Up 5 minutes (Paused)" }],
  ["is unhealthy", { status: "Up 5 minutes (unhealthy)" }],
  ["has not passed its first check", { status: "Up 2 seconds (health: starting)" }],
  ["is unhealthy, as newer engines say it", { health: "unhealthy" }],
  ["is starting, as newer engines say it", { health: "starting" }],
])("a container that %s is not announced", async (_name, container) => {
  expect(await announced([{ name: "weather", labels: ENABLED, ...container }])).toEqual([]);
});

test.each<[string, Partial<Container>]>([
  ["healthy", { status: "Up 5 minutes (healthy)" }],
  ["healthy, as newer engines say it", { health: "healthy" }],
  ["without a check, as newer engines say it", { health: "none" }],
])("a container that is %s is announced", async (_name, container) => {
  expect(await announced([{ name: "weather", labels: ENABLED, ...container }])).toHaveLength(1);
});

describe("what a label says in vain is a problem of its container only", () => {
  test.each<[string, Partial<Container>, RegExp]>([
    [
      "a port that is no number",
      { labels: { "mcp.hangar.port": "http" } },
      /^mcp\.hangar\.port is "http", and it is no port/,
    ],
    [
      "a port beyond the last",
      { labels: { "mcp.hangar.port": "65536" } },
      /"65536", and it is no port from 1 to 65535/,
    ],
    ["port 0", { labels: { "mcp.hangar.port": "0" } }, /no port/],
    ["a negative port", { labels: { "mcp.hangar.port": "-1" } }, /no port/],
    ["a port with more after it", { labels: { "mcp.hangar.port": "80@evil.example" } }, /no port/],
    [
      "a path of another host",
      { labels: { "mcp.hangar.path": "@evil.example/mcp" } },
      /mcp\.hangar\.path is .* no path/,
    ],
    ["a path with a line break", { labels: { "mcp.hangar.path": "/mcp\r\nHost: evil" } }, /"\/mcp\\r\\nHost: evil"/],
    ["a path with a query", { labels: { "mcp.hangar.path": "/mcp?key=1" } }, /no path/],
    ["a huge path", { labels: { "mcp.hangar.path": `/${"x".repeat(100_000)}` } }, /^.{1,300}$/],
    ["another scheme", { labels: { "mcp.hangar.scheme": "file" } }, /neither "http" nor "https"/],
    ["no port at all", { ports: [] }, /it offers no port: say which one is meant in mcp\.hangar\.port/],
    ["several ports", { ports: [80, 81] }, /the ports 80, 81: say which/],
    ["no network", { networks: {} }, /it has no address\. Attach/],
    ["the network of the host", { networks: { host: "" } }, /it has no address\. Attach/],
    ["a network that it is not in", { labels: { "mcp.hangar.network": "no\nsuch" } }, /network "no\\nsuch"/],
    ["an address that is none", { networks: { bridge: "evil.example/#" } }, /is no name of a host/],
  ])("%s", async (_name, { labels = {}, ...container }, problem) => {
    const good = { name: "good", labels: ENABLED };
    const found = await announced([{ name: "weather", labels: { ...ENABLED, ...labels }, ...container }, good]);
    expect(found.map(({ name }) => name)).toEqual(["weather", "good"]);
    expect(found[0]?.problem).toMatch(problem);
    expect(found[0]?.options).toBeUndefined();
    expect(found[1]?.problem).toBeUndefined();
  });

  test("a name is passed on as it is, and a location has no line breaks", async () => {
    const labels = { ...ENABLED, "mcp.hangar.name": "a\r\nb" };
    const [found] = await announced([{ name: "we\nird", labels }]);
    expect(found).toMatchObject({ name: "a\r\nb", location: expect.stringMatching(/^container we\?ird/) });
  });
});

describe("an engine that cannot be asked is an error that says what to do", () => {
  test("without a socket", async () => {
    await expect(sourceAt(`unix://${folder}/none.sock`).discover(never)).rejects.toThrow(
      `there is no socket at unix://${folder}/none.sock. Start the engine, or correct host`,
    );
  });

  test("without a listener", async () => {
    const api = await DockerApi.listen();
    await api[Symbol.asyncDispose]();
    await expect(sourceAt(api.host).discover(never)).rejects.toThrow(/^nothing listens at tcp:.* Start the engine/);
  });

  test("with TLS for a socket of this machine, when it is configured", () => {
    expect(() => sourceAt("unix:///run/docker.sock", { tls: {} })).toThrow(/remove tls/);
    expect(() => sourceAt("tcp://127.0.0.1:2376", { tls: { key_file: "k" } })).toThrow(/set cert_file too/);
  });

  test.each<[string, Parameters<typeof misbehaving>[0], RegExp]>([
    ["an error", (response) => response.writeHead(500).end('{"message":"out of luck"}'), /500.*out of luck/],
    ["a refusal", (response) => response.writeHead(403).end("no"), /403/],
    [
      "an answer that breaks off",
      (response) => {
        response.writeHead(200).write('[{"Id":');
        setImmediate(() => response.destroy());
      },
      /gave no usable answer/,
    ],
    ["half an answer", (response) => response.writeHead(200).end('[{"Id":'), /no JSON/],
    ["something else", (response) => response.writeHead(200).end("<html>"), /no JSON/],
    ["JSON of another kind", (response) => response.writeHead(200).end('{"items":[]}'), /gave no list of containers/],
    [
      "containers of another kind",
      (response) => response.writeHead(200).end('[{"id":1}]'),
      /gave no list of containers \(0\.Id/,
    ],
    ["a flood", flood, /larger than 33554432 bytes/],
  ])("that gives %s", async (_name, misbehaviour, words) => {
    await expect(misbehaving(misbehaviour)).rejects.toThrow(words);
  });

  test("that has more containers than anybody wants", async () => {
    const containers = Array.from({ length: 10_001 }, (_each, index) => ({ name: `c${index}`, labels: ENABLED }));
    await expect(announced(containers)).rejects.toThrow(/10001 containers are labelled/);
  });

  test.each(["before", "within"])("that is too slow, %s its answer", async (moment) => {
    await using api = await DockerApi.listen();
    api.misbehaviour = (response) => void (moment === "within" && response.writeHead(200).write("["));
    const abort = new AbortController();
    const discovery = sourceAt(api.host).discover(abort.signal);
    await poll("request", () => api.requests.length === 1);
    abort.abort(new Error("it did not answer within 10 s"));
    await expect(discovery).rejects.toThrow("it did not answer within 10 s");
    await poll("end of the connection", () => api.connections === 0);
  });
});

async function misbehaving(misbehaviour: NonNullable<DockerApi["misbehaviour"]>): Promise<unknown> {
  await using api = await DockerApi.listen();
  api.misbehaviour = misbehaviour;
  return await sourceAt(api.host).discover(never);
}

function flood(response: Parameters<NonNullable<DockerApi["misbehaviour"]>>[0]): void {
  const block = Buffer.alloc(1024 * 1024, " ");
  response.writeHead(200);
  const write = (): void => {
    while (!response.destroyed && response.write(block));
    response.once("drain", write);
  };
  write();
}

test("where the engine is, the options say and no variable of the environment", async () => {
  vi.stubEnv("DOCKER_HOST", "tcp://127.0.0.1:1");
  vi.stubEnv("DOCKER_TLS_VERIFY", "1");
  await using api = await DockerApi.listen(join(folder, "said.sock"));
  expect(await sourceAt(api.host).discover(never)).toEqual([]);
  await using tcp = await DockerApi.listen();
  expect(await sourceAt(tcp.host).discover(never)).toEqual([]);
  vi.unstubAllEnvs();
});

describe("changes are noticed", () => {
  test("at once, and also after the stream of events was interrupted", async () => {
    await using api = await DockerApi.listen(join(folder, "events.sock"));
    let hints = 0;
    const stop = sourceAt(api.host, {}, quick).watch?.(() => hints++);
    await poll("the stream", () => api.followers === 1 && hints === 1);
    const { searchParams } = api.requests.at(-1) as URL;
    expect(JSON.parse(searchParams.get("filters") ?? "")).toMatchObject({
      label: ["mcp.hangar.enable=true"],
      type: ["container"],
      // Docker says the one, Podman the other.
      event: expect.arrayContaining(["die", "died"]),
    });
    api.tell("start");
    await poll("hint", () => hints === 2);
    api.hangUp();
    await poll("the next stream, whose beginning is a hint", () => api.followers === 1 && hints >= 3);
    stop?.();
    await poll("end of the stream", () => api.connections === 0);
  });

  test("no faster than they can be followed", async () => {
    await using api = await DockerApi.listen();
    let hints = 0;
    const stop = sourceAt(api.host).watch?.(() => hints++);
    await poll("the stream", () => api.followers === 1);
    for (let i = 0; i < 5_000; i++) api.tell("health_status: healthy", `c${i}`);
    await poll("hints", () => hints >= 2);
    expect(hints).toBeLessThanOrEqual(3);
    stop?.();
  });

  test("when the engine comes up later", async () => {
    const path = join(folder, "late.sock");
    const { platform, timers } = watched(quick);
    let hints = 0;
    const stop = sourceAt(`unix://${path}`, {}, platform).watch?.(() => hints++);
    await poll("wait for the next attempt", () => timers.size === 1);
    expect(hints).toBe(0);
    await using api = await DockerApi.listen(path);
    await poll("the stream", () => api.followers === 1 && hints === 1);
    stop?.();
  });

  test("until nobody watches any more, and no timer is left", async () => {
    const { platform, timers } = watched(nodePlatform);
    const source = sourceAt(`unix://${folder}/none.sock`, {}, platform);
    const stop = source.watch?.(() => undefined);
    await poll("wait for the next attempt", () => timers.size === 1);
    stop?.();
    expect(timers.size).toBe(0);
    await source.close();
  });
});

/** A platform that tells which of its timers have neither fired nor been cancelled. */
function watched(base: Platform): { platform: Platform; timers: ReadonlySet<object> } {
  const timers = new Set<object>();
  const schedule: Platform["clock"]["schedule"] = (ms, run) => {
    const timer = {};
    timers.add(timer);
    const cancel = base.clock.schedule(ms, () => {
      timers.delete(timer);
      run();
    });
    return () => {
      timers.delete(timer);
      cancel();
    };
  };
  return { platform: { ...base, clock: { ...base.clock, schedule } }, timers };
}

/** Waits take a twentieth of their time. */
const quick: Platform = {
  ...nodePlatform,
  clock: { ...nodePlatform.clock, schedule: (ms, run) => nodePlatform.clock.schedule(ms / 20, run) },
};

test.each([
  "http://host",
  "unix://relative",
  "/var/run/docker.sock",
  "tcp://user:password@host:1",
  "tcp://host:1/path",
  "tcp://host:99999",
  "ssh://host",
])("the host %j is refused", (host) => {
  expect(dockerSource.optionsSchema.safeParse({ type: "docker", host }).success).toBe(false);
});
