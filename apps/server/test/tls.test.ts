/** @module-tag openssl */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HangarProcess, killProcesses, makeCertificate, runHangar, startHangar } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "./run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "hangar-serve-tls-"));
const file = (name: string): string => join(folder, name);

function certificate(name: string, extension: string, authority?: string): void {
  makeCertificate(folder, name, { extension, ...(authority !== undefined && { authority }) });
}

interface Client {
  readonly cert?: string;
  readonly token?: string;
  readonly maxVersion?: "TLSv1.2";
}

/** The status of an answer, or why there is none. */
function ask(url: string, { cert, token, maxVersion }: Client = {}): Promise<number | string> {
  return new Promise((resolve) => {
    const asked = request(
      url,
      {
        ca: readFileSync(file("ca.pem")),
        agent: false,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(cert !== undefined && { cert: readFileSync(file(`${cert}.pem`)), key: readFileSync(file(`${cert}.key`)) }),
        ...(maxVersion !== undefined && { maxVersion }),
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    asked.on("error", ({ message }) => resolve(message));
    asked.end();
  });
}

describe("a gateway with certificates, for clients too", () => {
  let hangar: HangarProcess;
  let url: string;
  let metricsUrl: string;
  let token: string;

  beforeAll(async () => {
    certificate("ca", "keyUsage=keyCertSign");
    certificate("server", "subjectAltName=IP:127.0.0.1", "ca");
    certificate("client", "extendedKeyUsage=clientAuth", "ca");
    certificate("stranger", "extendedKeyUsage=clientAuth");
    copyFileSync(file("server.pem"), file("used.pem"));
    const tls = {
      cert_file: file("used.pem"),
      key_file: file("server.key"),
      client_ca_file: file("ca.pem"),
      min_version: "TLSv1.3",
    };
    const config = file("config.yaml");
    const sections = {
      mcp_servers: {},
      auth: { api_keys: { file: file("keys.json") } },
      http: { host: "0.0.0.0", tls },
      observability: { metrics: { host: "0.0.0.0", port: 0 } },
    };
    writeFileSync(config, JSON.stringify(sections));
    token = (await runCommand(["keys", "create", "--name", "me", "--role", "admin", "--config", config])).stdout.trim();
    hangar = await startHangar(["serve", "--http", "--port", "0", "--config", config]);
    url = String((await hangar.event("http_listening")).url);
    metricsUrl = String((await hangar.event("metrics_listening")).url);
  });

  afterAll(() => {
    killProcesses();
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes each option of the configuration at its word", async () => {
    expect(url).toMatch(/^https:/);
    expect(await ask(`${url}/api/system`, { cert: "client", token })).toBe(200);
    // A certificate opens the connection, and says nothing about who asks.
    expect(await ask(`${url}/api/system`, { cert: "client" })).toBe(401);
    for (const client of [
      { token },
      { token, cert: "stranger" },
      { token, cert: "client", maxVersion: "TLSv1.2" } as const,
    ]) {
      expect(await ask(`${url}/api/system`, client)).toEqual(expect.any(String));
    }
    await expect(fetch(url.replace("https", "http"))).rejects.toThrow();
    expect(hangar.events("clear_text_bind")).toEqual([]);
  });

  it("serves metrics and probes over TLS to those who have no certificate", async () => {
    expect(metricsUrl).toMatch(/^https:/);
    expect(await ask(metricsUrl)).toBe(401);
    expect(await ask(metricsUrl, { token })).toBe(200);
    expect(await ask(metricsUrl.replace("/metrics", "/health/ready"))).toBe(200);
  });

  it("does not start with a key of another certificate", async () => {
    const config = file("wrong.yaml");
    const tls = { cert_file: file("server.pem"), key_file: file("client.key") };
    writeFileSync(config, JSON.stringify({ mcp_servers: {}, http: { tls } }));
    const { code, stderr } = await runHangar(["serve", "--http", "--port", "0", "--config", config]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the TLS files do not work together/);
  });
});
