import { EgressRules, parseProxy } from "@mcp-hangar/egress";
import { describe, expect, it } from "vitest";
import { damagedCache, npmCache } from "./damaged-cache.ts";
import { installerOf, isInstaller } from "./installer.ts";
import { installerEnvironment } from "./installer-environment.ts";

describe("an installer", () => {
  it.each<[string | string[], string[], string | undefined]>([
    ["npx", ["-y", "some-server"], "npx"],
    ["/usr/local/bin/npx", [], "npx"],
    [["uvx", "mcp-server-git"], [], "uvx"],
    ["bunx", ["x"], "bunx"],
    ["pnpx", ["x"], "pnpx"],
    ["pnpm", ["dlx", "x"], "pnpm dlx"],
    ["pnpm", ["--silent", "dlx", "x"], "pnpm dlx"],
    ["npm", ["exec", "--", "x"], "npm exec"],
    ["npm", ["x", "x"], "npm x"],
    ["yarn", ["dlx", "x"], "yarn dlx"],
    ["bun", ["x", "y"], "bun x"],
    ["uv", ["tool", "run", "x"], "uv tool run"],
    ["uv", ["run", "--with", "x", "y"], "uv run"],
    ["pipx", ["run", "x"], "pipx run"],
    ["npm", ["start"], undefined],
    ["pnpm", ["start"], undefined],
    ["uv", ["tool", "install", "x"], undefined],
    ["node", ["npx"], undefined],
    ["npx-server", [], undefined],
    ["constructor", ["x"], undefined],
  ])("%s %j is %s", (command, args, installer) => {
    expect(installerOf({ command, args })).toBe(installer);
  });

  it.each([
    [["npm exec @scope/some-server"], true],
    [["node", "/usr/lib/node_modules/npm/bin/npx-cli.js", "-y", "x"], true],
    [["/home/user/.volta/bin/volta-shim"], true],
    [["uv", "tool", "uvx", "x"], true],
    [["/bin/sh", "-c", "mcp-server-filesystem /x"], false],
    [["sh", "-c", "npx-like-server"], false],
    [["node", "/home/user/.npm/_npx/0123456789abcdef/node_modules/.bin/server"], false],
    [
      ["/home/user/.cache/uv/archive-v0/abc/bin/python", "/home/user/.cache/uv/archive-v0/abc/bin/mcp-server-git"],
      false,
    ],
  ])("is told from what it runs: %j", (commandLine, expected) => {
    expect(isInstaller(commandLine)).toBe(expected);
  });
});

describe("the environment of an installer", () => {
  const inherited = {
    PATH: "/bin",
    npm_config_registry: "https://registry.corp.example/npm/",
    NPM_CONFIG_CAFILE: "/etc/corp.pem",
    "npm_config_@corp:registry": "https://corp.example/npm/",
    npm_config_cache: "/var/cache/npm",
    UV_INDEX_URL: "https://pypi.corp.example/simple",
    PIP_INDEX_URL: "https://pypi.corp.example/simple",
    REQUESTS_CA_BUNDLE: "/etc/corp.pem",
    "npm_config_//registry.corp.example/:_authToken": "npm_secret",
    NPM_CONFIG__AUTH: "secret",
    npm_config_user_agent: "npm/11",
    NPM_TOKEN: "npm_secret",
    UV_INDEX_CORP_PASSWORD: "secret",
    UV_PUBLISH_TOKEN: "secret",
    HTTPS_PROXY: "http://not.of.the.gateway:1",
    AWS_SECRET_ACCESS_KEY: "secret",
    API_KEY: "secret",
    UV_CACHE_DIR: "() { :; }",
  };

  it("has registries, authorities and caches, and neither tokens nor anything else", () => {
    expect(Object.keys(installerEnvironment(inherited, new EgressRules({}))).sort()).toEqual(
      [
        "npm_config_registry",
        "NPM_CONFIG_CAFILE",
        "npm_config_@corp:registry",
        "npm_config_cache",
        "UV_INDEX_URL",
        "PIP_INDEX_URL",
        "REQUESTS_CA_BUNDLE",
      ].sort(),
    );
  });

  it("has the proxies of the gateway in both spellings, and this machine as an exception", () => {
    const parsed = parseProxy("http://us%40er:p%3Ass@proxy.example:3128", "egress.proxy.url");
    const proxy = "proxy" in parsed ? parsed.proxy : undefined;
    const environment = installerEnvironment({}, new EgressRules({ https: proxy, noProxy: ["corp.example"] }));
    const url = "http://us%40er:p%3Ass@proxy.example:3128/";
    const exceptions = "localhost,127.0.0.1,::1,corp.example";
    expect(environment).toEqual({ https_proxy: url, HTTPS_PROXY: url, no_proxy: exceptions, NO_PROXY: exceptions });
  });
});

describe("the cache of an installer that is not whole", () => {
  const NPX = "/home/user/.npm/_npx/a3241bba59c344f5";

  it.each<[string, string, number, string[], string]>([
    [
      "a module that is missing",
      "npx",
      1,
      [
        `Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from ${NPX}/node_modules/server/dist/index.js`,
      ],
      NPX,
    ],
    [
      "a folder that cannot be renamed",
      "npx",
      190,
      ["npm error code ENOTEMPTY", `npm error path ${NPX}/node_modules/x`, "npm error ENOTEMPTY: directory not empty"],
      NPX,
    ],
    ["a program that is missing", "npx", 127, ["sh: 1: mcp-server-filesystem: not found"], "/home/user/.npm/_npx"],
    ["a package that is spoilt", "npm exec", 1, ["npm error code EINTEGRITY"], "/home/user/.npm/_cacache"],
    [
      "a Python package that is missing",
      "uvx",
      1,
      [
        'File "/home/user/.cache/uv/archive-v0/AbC_-123/bin/mcp-server-git", line 4, in <module>',
        "ModuleNotFoundError: No module named 'mcp_server_git'",
      ],
      "/home/user/.cache/uv/archive-v0/AbC_-123",
    ],
  ])("is told by %s, with the folder to remove", (_what, installer, code, stderr, folder) => {
    const error = damagedCache(installer, { code, stderr }, "/home/user/.npm");
    expect(error?.code).toBe("cache_damaged");
    expect(error?.message).toContain(`Remove the folder ${folder},`);
  });

  it.each<[string, string | undefined, number, string[]]>([
    ["a server that is no installer", undefined, 1, [`Cannot find module 'x' ${NPX}/`]],
    ["a server that fails by itself", "npx", 1, [`Error: no API key at ${NPX}/node_modules/server/index.js`]],
    ["a registry that is away", "npx", 1, ["npm error code ECONNREFUSED", "npm error network request failed"]],
    ["a package that there is not", "npx", 1, ["npm error 404 Not Found - GET https://registry.example/x"]],
    ["a program that is missing, of another installer", "uvx", 127, ["sh: 1: x: not found"]],
  ])("is not taken from %s", (_what, installer, code, stderr) => {
    expect(damagedCache(installer, { code, stderr }, "/home/user/.npm")).toBeUndefined();
  });

  it("is that of npm where npm is told to keep it, else at home", () => {
    expect(npmCache({ HOME: "/home/user" })).toBe("/home/user/.npm");
    expect(npmCache({ HOME: "/home/user", NPM_CONFIG_CACHE: "/cache" })).toBe("/cache");
    expect(npmCache({})).toBeUndefined();
  });
});
