// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { describe, expect, it } from "vitest";
import { parseConfig } from "../config/load.ts";
import { effectiveConfig } from "./effective.ts";

const ENV = { TOKEN: "hunter2-token", HOME: "/home/me", PORT: "8123", HOST: "search.example.com" };

function shown(text: string): unknown {
  const { config, templateOf } = parseConfig(text, ENV, "test.yaml");
  return effectiveConfig(config, templateOf);
}

function serverShown(text: string): Record<string, unknown> {
  const { mcp_servers: servers } = shown(`{"mcp_servers": {"own": ${text}}}`) as {
    readonly mcp_servers: { readonly own: Record<string, unknown> };
  };
  return servers.own;
}

describe("the configuration as it is shown", () => {
  it("has every default", () => {
    expect(shown("{}")).toMatchObject({ mcp_servers: {}, http: { port: 8000 }, execution: { max_concurrency: 50 } });
  });

  it("names variables instead of what is in them, and never their defaults", () => {
    const own = serverShown(
      JSON.stringify({
        mode: "remote",
        endpoint: "https://${HOST}/mcp",
        headers: { "x-trace": "${HOME}" },
        auth: { type: "bearer", token: "${TOKEN:-hunter2-default}" },
      }),
    );
    expect(own).toMatchObject({
      endpoint: "https://${HOST}/mcp",
      headers: { "x-trace": "${HOME}" },
      auth: { type: "bearer", token: "${TOKEN}" },
    });
    expect(JSON.stringify(own)).not.toContain("hunter2");
  });

  it("shows numbers that came from variables as they are", () => {
    expect(shown('{"http": {"port": "${PORT}"}}')).toMatchObject({ http: { port: 8123 } });
  });

  const secrets: readonly (readonly [string, object, object])[] = [
    ["a token", { auth: { type: "bearer", token: "hunter2" } }, { auth: { type: "bearer", token: "[redacted]" } }],
    [
      "a password, not the name",
      { auth: { type: "basic", username: "me", password: "hunter2" } },
      { auth: { type: "basic", username: "me", password: "[redacted]" } },
    ],
    ["a header of any name", { headers: { "x-custom": "hunter2" } }, { headers: { "x-custom": "[redacted]" } }],
    [
      "a header of which a part is from a variable",
      { headers: { authorization: "Bearer ${TOKEN}", cookie: "hunter2 ${TOKEN}" } },
      { headers: { authorization: "Bearer ${TOKEN}", cookie: "[redacted]" } },
    ],
    [
      "a password in a URL",
      { endpoint: "https://x.example.com/mcp?api_key=hunter2" },
      { endpoint: "https://x.example.com/mcp?api_key=[redacted]" },
    ],
  ];
  it.each(secrets)("hides %s", (_what, options, expected) => {
    const own = serverShown(JSON.stringify({ mode: "remote", endpoint: "https://a.example.com/mcp", ...options }));
    expect(own).toMatchObject(expected);
    expect(JSON.stringify(own)).not.toContain("hunter2");
  });

  it("hides the values of variables and of secret options of a command", () => {
    const own = serverShown(
      JSON.stringify({
        mode: "subprocess",
        command: ["serve", "--api-key", "hunter2", "--root", "${HOME}/files", "--token=hunter2", "--token", "${TOKEN}"],
        env: { ANYTHING: "hunter2", OTHER: "${TOKEN}" },
      }),
    );
    expect(own).toMatchObject({
      command: [
        "serve",
        "--api-key",
        "[redacted]",
        "--root",
        "${HOME}/files",
        "--token=[redacted]",
        "--token",
        "${TOKEN}",
      ],
      env: { ANYTHING: "[redacted]", OTHER: "${TOKEN}" },
    });
    expect(JSON.stringify(own)).not.toContain("hunter2");
  });

  it.each([
    [
      ["db", "-p", "hunter2", "-phunter2"],
      ["db", "-p", "[redacted]", "-p[redacted]"],
    ],
    [
      ["run", "-e", "API=hunter2", "-e", "B=${TOKEN}", "img"],
      ["run", "-e", "API=[redacted]", "-e", "B=${TOKEN}", "img"],
    ],
    [
      ["-H", "X-Any: hunter2", "--header=X: hunter2"],
      ["-H", "X-Any: [redacted]", "--header=X: [redacted]"],
    ],
    [
      ["-u", "ann:hunter2", "-u", "1000:1000"],
      ["-u", "ann:[redacted]", "-u", "1000:1000"],
    ],
    [
      ["--url", "https://a.example.com/?token=hunter2&page=2"],
      ["--url", "https://a.example.com/?token=[redacted]&page=2"],
    ],
    [
      ["--dsn", "postgres://me:hunter2@db/x"],
      ["--dsn", "postgres://me:[redacted]@db/x"],
    ],
    [
      ["-p", "8080", "--mode", "stdio", "--token-file", "/x"],
      ["-p", "8080", "--mode", "stdio", "--token-file", "/x"],
    ],
  ])("hides of the arguments %j what is secret, and nothing else", (args, expected) => {
    for (const options of [
      { mode: "subprocess", command: "sh", args },
      { mode: "docker", image: "img", args },
    ]) {
      expect(serverShown(JSON.stringify(options)).args).toEqual(expected);
    }
    expect(serverShown(JSON.stringify({ mode: "subprocess", command: ["sh", ...args] })).command).toEqual([
      "sh",
      ...expected,
    ]);
  });

  it("hides the value of an option that is the last word of the command", () => {
    const own = serverShown(JSON.stringify({ mode: "subprocess", command: ["sh", "--token"], args: ["hunter2", "x"] }));
    expect(own).toMatchObject({ command: ["sh", "--token"], args: ["[redacted]", "x"] });
  });

  it("hides nothing for the names that people gave", () => {
    const servers = {
      "token-vault": { mode: "subprocess", command: ["serve", "passwords"], tools: { allow: ["get_secret"] } },
      headers: { mode: "remote", endpoint: "https://a.example.com/mcp", headers: { "x-a": "hunter2" } },
      env: { mode: "subprocess", command: "vault", cwd: "/srv", env: { A: "hunter2" } },
    };
    const sources = { secrets: { type: "filesystem", path: "/srv/secrets" } };
    expect(shown(JSON.stringify({ mcp_servers: servers, discovery: { sources } }))).toMatchObject({
      mcp_servers: {
        "token-vault": servers["token-vault"],
        headers: { ...servers.headers, headers: { "x-a": "[redacted]" } },
        env: { ...servers.env, env: { A: "[redacted]" } },
      },
      discovery: { sources },
    });
  });

  it("shows who has keys and which issuer there is, and neither hashes nor where keys are", () => {
    const hash = `sha256:${"0123456789abcdef".repeat(4)}`;
    const auth = {
      api_keys: { file: "/var/lib/keys.json", static: [{ name: "ann", hash, roles: ["agent"] }] },
      jwt: { issuer: "https://login.example.com", audience: ["hangar"], secret: "hunter2".repeat(5) },
      roles: { "token-reader": { permissions: ["config:read"], tools: { allow: ["secrets"] } } },
    };
    const tls = { cert_file: "/etc/cert.pem", key_file: "/etc/key.pem" };
    expect(shown(JSON.stringify({ auth, http: { tls } }))).toMatchObject({
      auth: {
        api_keys: { file: "[redacted]", static: [{ name: "ann", hash: "[redacted]", roles: ["agent"] }] },
        jwt: { issuer: "https://login.example.com", audience: ["hangar"], secret: "[redacted]" },
        roles: auth.roles,
      },
      http: { tls: { cert_file: "/etc/cert.pem", key_file: "[redacted]" } },
    });
  });

  it("hides secrets that came through an alias of YAML", () => {
    const text = [
      "mcp_servers:",
      "  a: {mode: remote, endpoint: https://a.example.com/, headers: &h {x: '${TOKEN}'}}",
      "  b: {mode: remote, endpoint: https://b.example.com/, headers: *h}",
    ].join("\n");
    expect(shown(text)).toMatchObject({
      mcp_servers: { a: { headers: { x: "${TOKEN}" } }, b: { headers: { x: "${TOKEN}" } } },
    });
    expect(JSON.stringify(shown(text))).not.toContain("hunter2");
  });
});
