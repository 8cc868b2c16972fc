import { describe, expect, it } from "vitest";
import { secretsIn } from "./secrets-in.ts";

describe("the secrets in a configuration", () => {
  it("are values of secret names, of environments and headers, wherever they stand", () => {
    const secrets = secretsIn({
      mcp_servers: {
        a: {
          mode: "subprocess",
          command: ["run", "--token", "arg-secret-1", "--api-key=arg-secret-2", "--verbose", "not-a-secret"],
          env: {
            API: "env-secret-1",
            DB_PASS: "p4ss",
            LOG_LEVEL: "debug",
            HOME: "/home/someone",
            HOST: "db.example.com",
          },
        },
        b: {
          mode: "remote",
          endpoint: "https://me:url%20secret@search.example.com/mcp?api_key=query-secret&page=2",
          headers: { authorization: "Bearer header-secret", accept: "application/json", "x-tenant": "tenant-secret" },
          auth: { type: "basic", username: "me", password: "basic-secret" },
        },
      },
      auth: { issuers: [{ client_secret: "issuer-secret" }], api_keys: { file: "/etc/keys.json" } },
    });
    expect([...secrets].toSorted()).toEqual(
      [
        "arg-secret-1",
        "arg-secret-2",
        "basic-secret",
        "bWU6YmFzaWMtc2VjcmV0",
        "env-secret-1",
        "header-secret",
        "issuer-secret",
        "p4ss",
        "query-secret",
        "tenant-secret",
        "url secret",
        "url%20secret",
      ].toSorted(),
    );
  });

  it("are found in a bounded time, however deep or wide it is", () => {
    let deep: Record<string, unknown> = { token: "deep-secret" };
    for (let level = 0; level < 10_000; level++) deep = { deep };
    expect(secretsIn(deep)).toEqual(new Set());
    const cyclic: Record<string, unknown> = { token: "near-secret" };
    cyclic.self = cyclic;
    expect(secretsIn(cyclic)).toEqual(new Set(["near-secret"]));
  });
});
