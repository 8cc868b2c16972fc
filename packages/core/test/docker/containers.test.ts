import { spawn } from "node:child_process";
import { TelemetryBus } from "@mcp-hangar/telemetry";
import { commandLine, poll, processesMarked } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { Gateway } from "../../src/gateway.ts";
import { circuitBreakerOptions, dockerOptions, executionOptions } from "../../src/options.ts";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import { dockerTransport } from "../../src/transports/docker/index.ts";
import { StartError, type UpstreamSession } from "../../src/transports/session.ts";
import { call, fixture, Recorder, textOf } from "../stdio/harness.ts";
import { StandIn } from "./stand-in.ts";

const IMAGE = "ghcr.io/acme/weather:1.2";
const SECRET = "swordfish-4711";
const legacy = (...args: string[]): string[] => [process.execPath, fixture("legacy-server.mjs"), ...args];
const stubborn = (marker: string): string[] => [process.execPath, fixture("odd-server.mjs"), "stubborn", marker];
const never = new AbortController().signal;
const info = { name: "mcp-hangar", version: "1.2.3" };
const limits = { stop: { eofMs: 300, termMs: 300 }, abandon: { eofMs: 0, termMs: 300 }, probeTimeoutMs: 2_000 };

const options = (engine: StandIn, more: object = {}) =>
  dockerOptions.parse({ mode: "docker", image: IMAGE, command: engine.command, ...more });

const transportFor = (engine: StandIn, more: object = {}, platform = nodePlatform) =>
  dockerTransport(options(engine, more), { platform, id: "weather", info, limits });

async function open(engine: StandIn, more: object = {}): Promise<{ session: UpstreamSession; recorder: Recorder }> {
  const recorder = new Recorder();
  return { session: await transportFor(engine, more).open(recorder, never), recorder };
}

async function startError(engine: StandIn, more: object = {}): Promise<StartError> {
  const result = await transportFor(engine, more)
    .open(new Recorder(), never)
    .catch((error: unknown) => error);
  if (result instanceof StartError) return result;
  throw new Error("The start did not fail.");
}

test("a gateway starts a container with the first call, and nothing is left of it afterwards", async () => {
  await using engine = await StandIn.create({ [IMAGE]: [process.execPath, fixture("modern-server.mjs")] });
  const gateway = new Gateway({
    servers: { weather: options(engine, { args: ["--units", "metric"] }) },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus: new TelemetryBus(),
    platform: nodePlatform,
    info,
  });
  gateway.start();
  const result = await gateway.callTool({ server: "weather", tool: "echo", arguments: { text: "sunny" } });
  expect(result.kind === "result" && result.result.value).toMatchObject({ content: [{ text: "sunny" }] });
  expect(gateway.fleet.snapshot()).toMatchObject([{ mode: "docker", state: "ready" }]);
  expect(engine.containers()).toHaveLength(1);
  await gateway.close();
  expect(engine.containers()).toEqual([]);
  const [run] = engine.calls("run");
  expect(run?.argv.slice(-4)).toEqual(["--", IMAGE, "--units", "metric"]);
});

test("what the options leave open is closed: no network, read-only, no capabilities, limits", async () => {
  await using engine = await StandIn.create({ [IMAGE]: legacy() });
  const { session } = await open(engine);
  await session.close();
  const [{ argv } = { argv: [] }] = engine.calls("run");
  expect(argv.map((argument) => argument.replace(/-[0-9a-f]{12}$/, "-<random>"))).toEqual([
    "run",
    "--rm",
    "--interactive",
    "--init",
    "--name=mcp-hangar-weather-<random>",
    "--label=mcp.hangar.managed=true",
    "--label=mcp.hangar.server=weather",
    "--log-driver=none",
    "--stop-timeout=1",
    "--pull=missing",
    "--network=none",
    "--read-only",
    "--tmpfs=/tmp:rw,noexec,nosuid,nodev",
    "--memory=512m",
    "--pids-limit=256",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--",
    IMAGE,
  ]);
});

test("the container has its variables and no others, and their values are not on the command line", async () => {
  await using engine = await StandIn.create({ [IMAGE]: legacy() });
  const env = { API_KEY: SECRET, TEXT: "two\nlines = 2", EMPTY: "", HOME: "/app", DOCKER_HOST: "tcp://elsewhere" };
  const platform = { ...nodePlatform, env: { ...nodePlatform.env, DOCKER_HOST: "unix:///run/here", GATEWAY_KEY: "k" } };
  const session = await transportFor(engine, { env }, platform).open(new Recorder(), never);
  const seen = JSON.parse(textOf(await call(session, "environment")));
  expect(seen).toEqual(env);
  await session.close();
  const [run] = engine.calls("run");
  expect(run?.argv).toEqual(expect.arrayContaining(["--env=API_KEY", "--env=HOME=/app"]));
  expect(run?.argv.join(" ")).not.toContain(SECRET);
  // The client finds its engine where the gateway's own environment says, and sees nothing else of that.
  expect(run?.environment).toMatchObject({ DOCKER_HOST: "unix:///run/here", HOME: nodePlatform.env.HOME });
  expect(run?.environment).not.toHaveProperty("GATEWAY_KEY");
  for (const { environment } of engine.calls("rm")) expect(environment).not.toHaveProperty("API_KEY");
});

/** Waits for the end of all processes with a marker: unlike an engine the stand-in does not wait for those that it kills. */
async function gone(marker: string): Promise<void> {
  await poll(`the end of ${marker}`, () => processesMarked(marker).length === 0);
  expect(processesMarked(marker)).toEqual([]);
}

describe("nothing is left of a container", () => {
  test("whose server ignores the end of its input and SIGTERM", async () => {
    const marker = `docker-stubborn-${process.pid}`;
    await using engine = await StandIn.create({ [IMAGE]: stubborn(marker) });
    const { session } = await open(engine);
    await poll("grandchild", () => processesMarked(marker).length === 2);
    await session.close();
    expect(engine.containers()).toEqual([]);
    await gone(marker);
  });

  test("whose client is killed", async () => {
    const marker = `docker-client-${process.pid}`;
    await using engine = await StandIn.create({ [IMAGE]: stubborn(marker) });
    const { session, recorder } = await open(engine);
    const client = processesMarked(engine.folder).find((pid) => {
      const line = commandLine(pid);
      return /engine\.mjs.* run /.test(line) && !line.includes("/bin/sh");
    });
    if (client === undefined) throw new Error("there is no client");
    process.kill(client, "SIGKILL");
    await poll("report", () => recorder.closed.length === 1);
    await poll("removal", () => engine.containers().length === 0);
    await gone(marker);
    await session.close();
    await gone(engine.folder);
  });

  test("whose start is given up", async () => {
    const marker = `docker-silent-${process.pid}`;
    await using engine = await StandIn.create({
      [IMAGE]: [process.execPath, fixture("odd-server.mjs"), "silent", marker],
    });
    const abort = new AbortController();
    const recorder = new Recorder();
    const opening = transportFor(engine)
      .open(recorder, abort.signal)
      .catch((error: unknown) => error);
    await poll("first words", () => recorder.logs.length > 0);
    abort.abort(new StartError("timeout", "not ready after 30 s."));
    expect(await opening).toMatchObject({ code: "timeout" });
    expect(engine.containers()).toEqual([]);
    await gone(marker);
  });

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "whose gateway is ended with %s, however stubborn it is",
    async (signal) => {
      const marker = `docker-gateway-${signal}-${process.pid}`;
      await using engine = await StandIn.create({ [IMAGE]: stubborn(marker) });
      const host = spawn(
        process.execPath,
        [
          "--conditions=@mcp-hangar/source",
          new URL("fixtures/host.mjs", import.meta.url).pathname,
          JSON.stringify({ mode: "docker", image: IMAGE, command: engine.command }),
          "host",
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      await new Promise<void>((resolve, reject) => {
        host.stdout.once("data", () => resolve());
        host.once("exit", () => reject(new Error("the gateway ended early")));
      });
      await poll("container", () => processesMarked(marker).length === 2);
      host.kill(signal);
      await gone(marker);
      await gone(engine.folder);
      expect(engine.containers()).toEqual([]);
    },
  );
});

test("a server that exits on an unknown request gets a second container under a name of its own", async () => {
  await using engine = await StandIn.create({ [IMAGE]: [process.execPath, fixture("odd-server.mjs"), "fragile"] });
  const { session } = await open(engine);
  expect(session.peer).toMatchObject({ era: "legacy" });
  await session.close();
  const names = engine.calls("run").map(({ argv }) => argv.find((argument) => argument.startsWith("--name=")));
  expect(new Set(names).size).toBe(2);
});

test("a server that is killed for want of memory says what to raise", async () => {
  await using engine = await StandIn.create({ [IMAGE]: legacy() });
  const { session, recorder } = await open(engine, { memory: "64m" });
  await call(session, "die");
  await poll("report", () => recorder.closed.length === 1);
  expect(recorder.closed[0]).toMatch(
    /exit code 137\), perhaps for want of memory: raise "memory" above 64m if that is it\./,
  );
  await session.close();
});

describe("a container that cannot be removed is reported", () => {
  test("when the engine refuses", async () => {
    await using engine = await StandIn.create(
      { [IMAGE]: legacy() },
      { rm: { code: 1, stderr: "Error response from daemon: device or resource busy" } },
    );
    const { session, recorder } = await open(engine);
    await session.close();
    const [run] = engine.calls("run");
    const name = run?.argv.find((argument) => argument.startsWith("--name="))?.slice("--name=".length);
    expect(recorder.logs.at(-1)).toBe(
      `the container ${name} could not be removed: Error response from daemon: device or resource busy. ` +
        `See whether it is still there, and remove it with: ${engine.command} rm --force ${name}`,
    );
  });

  test("when the engine hangs", async () => {
    await using engine = await StandIn.create({ [IMAGE]: legacy() }, { rm: "hang" });
    const { clock } = nodePlatform;
    // The one timer of that length runs out at once.
    const platform = {
      ...nodePlatform,
      clock: { ...clock, schedule: (ms: number, run: () => void) => clock.schedule(ms === 15_000 ? 100 : ms, run) },
    };
    const recorder = new Recorder();
    const session = await transportFor(engine, {}, platform).open(recorder, never);
    await session.close();
    expect(recorder.logs.at(-1)).toMatch(/was not removed within 15 s\. See whether it is still there/);
    await poll("end of the client", () => processesMarked(engine.folder).length === 0);
  });
});

describe("a container that does not start says why and what to do", () => {
  test.each<[string, number, string, string, RegExp]>([
    [
      "a daemon that does not run",
      125,
      "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
      "engine_unreachable",
      /Start it/,
    ],
    [
      "the same, from a newer client",
      127,
      "docker: failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory",
      "engine_unreachable",
      /DOCKER_HOST/,
    ],
    [
      "a socket without permission",
      126,
      "docker: permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
      "engine_denied",
      /group/,
    ],
    [
      "an image that does not exist",
      125,
      `Unable to find image '${IMAGE}' locally\ndocker: Error response from daemon: pull access denied for acme, repository does not exist or may require 'docker login'`,
      "image_missing",
      /Correct its name and tag, or log in/,
    ],
    [
      "a registry out of reach",
      125,
      `Unable to find image '${IMAGE}' locally\ndocker: Error response from daemon: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host`,
      "image_pull_failed",
      /could not be reached/,
    ],
    [
      "a registry that throttles",
      125,
      "docker: Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
      "image_pull_failed",
      /Log in/,
    ],
    [
      "a folder that is missing",
      125,
      'docker: Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /data',
      "volume_missing",
      /Create it/,
    ],
    [
      "a network that is missing",
      125,
      "docker: Error response from daemon: network intern not found",
      "network_missing",
      /Create it/,
    ],
    [
      "a limit without its cgroup",
      125,
      "Error: OCI runtime error: the requested cgroup controller `cpu` is not available",
      "limit_unsupported",
      /with 0/,
    ],
    [
      "a server that misses a daemon of its own",
      1,
      "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
      "exited",
      /exited with code 1/,
    ],
    [
      "a user that the image does not know",
      126,
      "Error: unable to find user somebody: no matching entries in passwd file",
      "user_missing",
      /Give its number/,
    ],
    [
      "less memory than an init needs",
      126,
      "Error: OCI runtime error: runc: runc create failed: unable to start container process: unable to set memory limit to 1024",
      "limit_invalid",
      /Raise "memory"/,
    ],
    [
      "too few processes",
      1,
      "ERROR (catatonit:1): failed to fork child: Resource temporarily unavailable",
      "limit_invalid",
      /more than 256 processes\. Raise "pids_limit"/,
    ],
    [
      "an entrypoint that the init of Podman does not find",
      1,
      "ERROR (catatonit:6): failed to exec pid1: No such file or directory",
      "command_not_found",
      /was not found in it/,
    ],
    [
      "an entrypoint that the init of Podman may not run",
      1,
      "ERROR (catatonit:6): failed to exec pid1: Permission denied",
      "not_executable",
      /cannot be executed/,
    ],
    [
      "less memory than an engine gives",
      125,
      "docker: Error response from daemon: Minimum memory limit allowed is 6MB.",
      "limit_invalid",
      /Raise "memory"/,
    ],
    [
      "more processors than there are",
      125,
      "docker: Error response from daemon: range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
      "limit_invalid",
      /Lower "cpus"/,
    ],
    [
      "another refusal of the engine",
      125,
      "docker: Error response from daemon: Something new.",
      "engine_failed",
      /Something new\./,
    ],
    [
      "an entrypoint that is no program",
      126,
      'docker: Error response from daemon: failed to create task: exec: "/etc": permission denied',
      "not_executable",
      /exit code 126/,
    ],
    [
      "an entrypoint that is missing",
      127,
      "[FATAL tini (7)] exec serve failed: No such file or directory",
      "command_not_found",
      /not found in it/,
    ],
    ["too little memory", 137, "", "killed", /needs more memory than 512m\. Raise "memory"/],
    [
      "an image of another processor",
      1,
      "exec /usr/local/bin/node: exec format error",
      "not_executable",
      /another processor/,
    ],
    ["a server that exits", 3, "FATAL: no licence", "exited", /the container of .* exited with code 3 .*no licence/s],
    ["a server that ends with the words of an engine", 4, "network intern not found", "exited", /exited with code 4/],
  ])("%s", async (_name, code, stderr, expected, words) => {
    await using engine = await StandIn.create({}, { [IMAGE]: { code, stderr } });
    const error = await startError(engine);
    expect(error.message).toMatch(words);
    expect(error.code).toBe(expected);
    expect(processesMarked(engine.folder)).toEqual([]);
  });

  test("an image that may not be pulled and is not there", async () => {
    await using engine = await StandIn.create({});
    expect(await startError(engine, { pull: "never" })).toMatchObject({
      code: "image_missing",
      message: expect.stringMatching(/is not on this machine, and pull is never\. Pull it/),
    });
  });

  test("a start that takes too long because the image is pulled", async () => {
    await using engine = await StandIn.create({
      [IMAGE]: ["/bin/sh", "-c", "echo '1.2: Pulling from acme/weather' >&2; exec cat >/dev/null"],
    });
    const abort = new AbortController();
    const recorder = new Recorder();
    const opening = transportFor(engine)
      .open(recorder, abort.signal)
      .catch((error: unknown) => error);
    await poll("first words", () => recorder.logs.length > 0);
    abort.abort(new StartError("timeout", "not ready after 30 s."));
    expect(await opening).toMatchObject({ message: expect.stringMatching(/pull it before, or raise start_timeout_s/) });
  });

  test.each(["docker", "podman", "auto"])("no client of the engine %s", async (engine) => {
    const platform = { ...nodePlatform, env: { PATH: "/nowhere" } };
    const transport = dockerTransport(dockerOptions.parse({ mode: "docker", image: IMAGE, engine }), {
      platform,
      id: "weather",
      info,
    });
    await expect(transport.open(new Recorder(), never)).rejects.toMatchObject({
      code: "engine_missing",
      message: expect.stringContaining(engine === "auto" ? "docker or podman" : engine),
    });
  });

  test("a path of a client that does not exist", async () => {
    await using engine = await StandIn.create({});
    expect(await startError(engine, { command: "/no/such/docker" })).toMatchObject({ code: "command_not_found" });
  });
});
