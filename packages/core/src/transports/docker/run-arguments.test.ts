import { describe, expect, test } from "vitest";
import { dockerOptions } from "../../options.ts";
import { clientEnvironment } from "./client-environment.ts";
import { runArguments } from "./run-arguments.ts";

const IMAGE = "ghcr.io/acme/weather:1.2";
const IDENTITY = { server: "weather", name: "mcp-hangar-weather-0123456789ab", byName: [], byValue: {} };

/** The problem that the schema finds with an option, or the arguments that come of it. */
function outcome(more: object): readonly string[] | string {
  const parsed = dockerOptions.safeParse({ mode: "docker", image: IMAGE, ...more });
  if (!parsed.success) return parsed.error.issues.map(({ path }) => path.join(".")).join();
  const { byName, byValue } = clientEnvironment({}, parsed.data.env);
  return runArguments(parsed.data, { ...IDENTITY, byName, byValue });
}

/** What nobody may bring into a command line. */
const HOSTILE = [
  "--privileged",
  "-v=/:/host",
  "--",
  "-",
  "",
  " ",
  "a b",
  "a\nb",
  "a\r\nb",
  "a\0b",
  "$(reboot)",
  "`reboot`",
  "a;reboot",
  "a,source=/",
  "a=b",
  '"a"',
  "'a'",
  "a\u202eb",
  "../..",
];

describe.each(["image", "network", "user", "memory"])("the option %s", (option) => {
  test.each(HOSTILE)("refuses %j", (value) => {
    expect(outcome({ [option]: value })).toBe(option);
  });
});

describe.each(["tmpfs", "cap_drop", "cap_add", "volumes"])("the list %s", (option) => {
  test.each(HOSTILE)("refuses %j", (value) => {
    expect(outcome({ [option]: [value] })).toBe(`${option}.0`);
  });
});

test.each(HOSTILE)("a variable may not be called %j", (name) => {
  expect(outcome({ env: { [name]: "value" } })).toMatch(/^env/);
});

test.each(HOSTILE.filter((value) => !value.includes("\0")))(
  "as an argument of the server %j stays what it is",
  (value) => {
    const args = outcome({ args: [value, "--rm"] });
    expect(args.slice(-4)).toEqual(["--", IMAGE, value, "--rm"]);
  },
);

test.each(HOSTILE.filter((value) => !value.includes("\0")))(
  "as a value of a variable %j stays out of the way",
  (value) => {
    const args = outcome({ env: { KEY: value, HOME: value } });
    expect(args.slice(-4)).toEqual(["--env=KEY", `--env=HOME=${value}`, "--", IMAGE]);
  },
);

test.each(["args", "env"])("NUL is refused in %s", (option) => {
  expect(outcome({ [option]: option === "args" ? ["a\0b"] : { KEY: "a\0b" } })).toMatch(new RegExp(`^${option}`));
});

test.each([
  "/data",
  "data:/data",
  "/data:data",
  "./data:/data",
  "/data:/",
  "/data:/data:z",
  "/data:/data:ro:rw",
  "/data:/data:",
  "/a,b:/data",
  "/data:/data,readonly=false",
  '/da"ta:/data',
  "/data\n:/data",
  "/data:/data\u0007",
  "C:\\data:/data",
])("the volume %j is refused", (volume) => {
  expect(outcome({ volumes: [volume] })).toBe("volumes.0");
});

test.each([
  ["/data:/data", "--mount=type=bind,source=/data,target=/data,readonly"],
  ["/data:/data:ro", "--mount=type=bind,source=/data,target=/data,readonly"],
  ["/data:/data:rw", "--mount=type=bind,source=/data,target=/data"],
  ["/My Files/=a:/--rm", "--mount=type=bind,source=/My Files/=a,target=/--rm,readonly"],
])("the volume %j is mounted", (volume, mount) => {
  expect(outcome({ volumes: [volume] })).toContain(mount);
});

test.each([
  "alpine",
  "alpine:3.22",
  "library/alpine",
  "localhost:5000/a/b_c/d__e/f-g.h:v1.0-rc_1",
  "Registry.Example.COM/a",
  `ghcr.io/acme/weather@sha256:${"0123456789abcdef".repeat(4)}`,
  `ghcr.io/acme/weather:1@sha256:${"0123456789abcdef".repeat(4)}`,
  "0123456789ab",
])("the image %j is taken", (image) => {
  expect(outcome({ image })).toContain(image);
});

test.each([
  "Alpine",
  "alpine:",
  "alpine@latest",
  "/alpine",
  "a//b",
  "https://ghcr.io/a",
  "alpine:-1",
  "ghcr.io:99999999/a",
])("the image %j is refused", (image) => {
  expect(outcome({ image })).toBe("image");
});

test.each(["image", "network", "user", "memory"])("%s is not taken at any length", (option) => {
  expect(outcome({ [option]: "1".repeat(10_000) })).toMatch(new RegExp(`^${option}`));
});

test("an image that is almost one is refused without delay", () => {
  expect(outcome({ image: `${"a-".repeat(250)}!` })).toBe("image");
  expect(outcome({ image: `${"a.".repeat(250)}!` })).toBe("image");
});

test("0 turns a limit off, and what is given is passed on", () => {
  const args = outcome({
    memory: "0",
    cpus: 0,
    pids_limit: 0,
    read_only: false,
    no_new_privileges: false,
    cap_drop: [],
    cap_add: ["NET_BIND_SERVICE"],
    tmpfs: [],
    network: "bridge",
    user: "1000:1000",
    pull: "always",
  });
  expect(args).toEqual([
    "run",
    "--rm",
    "--interactive",
    "--init",
    "--name=mcp-hangar-weather-0123456789ab",
    "--label=mcp.hangar.managed=true",
    "--label=mcp.hangar.server=weather",
    "--log-driver=none",
    "--stop-timeout=1",
    "--pull=always",
    "--network=bridge",
    "--user=1000:1000",
    "--cap-add=NET_BIND_SERVICE",
    "--",
    IMAGE,
  ]);
});

test.each([
  "PATH",
  "LD_PRELOAD",
  "DOCKER_HOST",
  "CONTAINER_HOST",
  "HTTPS_PROXY",
  "https_proxy",
  "GODEBUG",
  "BASH_ENV",
  "SSL_CERT_FILE",
  "XDG_RUNTIME_DIR",
])("the client does not find %s of the container in its own environment", (name) => {
  const { run, other, byName, byValue } = clientEnvironment({ [name]: "gateway" }, { [name]: "container" });
  expect(run).toEqual(other);
  expect(Object.values(run)).not.toContain("container");
  expect({ byName, byValue }).toEqual({ byName: [], byValue: { [name]: "container" } });
});

test("a variable is passed on by its name", () => {
  const environment = clientEnvironment(
    { GATEWAY_KEY: "secret", PATH: "/bin" },
    { GOOGLE_KEY: "a", LDAP_PASSWORD: "b" },
  );
  expect(environment).toEqual({
    run: { PATH: "/bin", LDAP_PASSWORD: "b", GOOGLE_KEY: "a" },
    other: { PATH: "/bin" },
    byName: ["GOOGLE_KEY", "LDAP_PASSWORD"],
    byValue: {},
  });
});
