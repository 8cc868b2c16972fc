/** @module-tag openssl */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type SecureVersion } from "node:tls";
import { nodePlatform } from "@mcp-hangar/core";
import { FakeClock } from "@mcp-hangar/core/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { HttpListener } from "./listener.ts";
import type { ListenerTlsOptions } from "./security-options.ts";
import { TlsCertificate } from "./tls-certificate.ts";

let folder = "";
const file = (name: string): string => join(folder, name);
const open: HttpListener[] = [];

/** Makes a key and a certificate; without an authority it signs itself. */
function certificate(name: string, subject: string, extension: string, authority?: string): void {
  const kind = name === "rsa" ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const key = ["-newkey", ...kind, "-nodes", "-keyout", file(`${name}.key`)];
  const signer = authority === undefined ? [] : ["-CA", file(`${authority}.pem`), "-CAkey", file(`${authority}.key`)];
  const shape = ["-days", "2", ...key, "-out", file(`${name}.pem`), "-subj", subject, "-addext", extension, ...signer];
  execFileSync("openssl", ["req", "-x509", ...shape], { stdio: "pipe" });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-tls-"));
  certificate("ca", "/CN=test authority", "keyUsage=keyCertSign");
  certificate("first", "/CN=first", "subjectAltName=IP:127.0.0.1", "ca");
  certificate("second", "/CN=second", "subjectAltName=IP:127.0.0.1", "ca");
  certificate("rsa", "/CN=rsa", "subjectAltName=IP:127.0.0.1", "ca");
  certificate("client", "/CN=client", "extendedKeyUsage=clientAuth", "ca");
  certificate("stranger", "/CN=stranger", "extendedKeyUsage=clientAuth");
});

afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Served {
  readonly url: string;
  readonly port: number;
  readonly clock: FakeClock;
  readonly problems: string[];
  /** The files that the listener reads. */
  readonly options: ListenerTlsOptions;
}

async function serve(more: Partial<ListenerTlsOptions> = {}): Promise<Served> {
  copyFileSync(file("first.pem"), file("used.pem"));
  copyFileSync(file("first.key"), file("used.key"));
  const options = { cert_file: file("used.pem"), key_file: file("used.key"), min_version: "TLSv1.2", ...more } as const;
  const clock = new FakeClock();
  const problems: string[] = [];
  const limits = {
    headerBytesMax: 8_192,
    clock: nodePlatform.clock,
    limits: () => ({ connections: { total: 10, perAddress: 10, reserved: 64 }, writeTimeoutMs: 2_000 }),
    isProxy: () => false,
    onShed: () => {},
    headersTimeoutMs: 2_000,
    requestTimeoutMs: 2_000,
    keepAliveTimeoutMs: 2_000,
  };
  const listener = new HttpListener(
    {
      host: "127.0.0.1",
      port: 0,
      ...limits,
      certificate: new TlsCertificate(options, clock, ({ message }) => problems.push(message)),
    },
    {
      handle: (_request, response) => response.end("secret"),
      whenFull: (_request, response) => response.end("full"),
    },
  );
  open.push(listener);
  const { url, port } = await listener.listen();
  return { url, port, clock, problems, options };
}

/** Asks, and resolves to the body and to whom the server says it is. */
function ask(url: string, client?: string): Promise<{ readonly body: string; readonly peer: string }> {
  const identity =
    client === undefined ? {} : { cert: readFileSync(file(`${client}.pem`)), key: readFileSync(file(`${client}.key`)) };
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca: readFileSync(file("ca.pem")), agent: false, ...identity }, (response) => {
      // The socket of an answer over TLS is a TLS socket.
      const { subject } = (response.socket as import("node:tls").TLSSocket).getPeerCertificate();
      response.setEncoding("utf8");
      let body = "";
      response.on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ body, peer: String(subject.CN) }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

function handshake(port: number, version: SecureVersion, ciphers = "DEFAULT@SECLEVEL=0"): Promise<string> {
  return new Promise((resolve) => {
    const options = {
      port,
      host: "127.0.0.1",
      ca: readFileSync(file("ca.pem")),
      minVersion: version,
      maxVersion: version,
    };
    const socket = connect({ ...options, ciphers }, () => {
      resolve(socket.getProtocol() ?? "");
      socket.destroy();
    });
    socket.on("error", () => resolve("refused"));
  });
}

describe("a listener with a certificate", () => {
  it.each([
    ["says nothing", ""],
    ["says half a word", "16030100a5010000a1"],
    ["speaks no TLS", Buffer.from("GET / HTTP/1.1\r\n\r\n").toString("hex")],
  ])("ends the connection of a client that %s", async (_what, hex) => {
    const { port } = await serve();
    const socket = connectPlain(port, "127.0.0.1").on("error", () => {});
    socket.resume();
    socket.write(Buffer.from(hex, "hex"));
    await expect.poll(() => socket.destroyed, { timeout: 60_000 }).toBe(true);
  });

  it("speaks HTTPS, and nothing else", async () => {
    const { url, port } = await serve();
    expect(url).toMatch(/^https:/);
    expect(await ask(url)).toEqual({ body: "secret", peer: "first" });
    const plain = await new Promise<string>((resolve) => {
      const socket = connectPlain(port, "127.0.0.1");
      let received = "";
      socket.on("data", (data) => {
        received += data.toString("latin1");
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(received));
      socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    });
    expect(plain).not.toContain("secret");
  });

  it("speaks no version of TLS older than configured", async () => {
    const { port } = await serve();
    expect([
      await handshake(port, "TLSv1.1"),
      await handshake(port, "TLSv1.2"),
      await handshake(port, "TLSv1.3"),
    ]).toEqual(["refused", "TLSv1.2", "TLSv1.3"]);
    const strict = await serve({ min_version: "TLSv1.3" });
    expect([await handshake(strict.port, "TLSv1.2"), await handshake(strict.port, "TLSv1.3")]).toEqual([
      "refused",
      "TLSv1.3",
    ]);
  });

  it("speaks TLS 1.2 with forward secrecy only, also after the certificate was renewed", async () => {
    const { port, clock } = await serve({ cert_file: file("rsa.pem"), key_file: file("rsa.key") });
    const secret = ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"];
    const open = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA256", "ECDHE-RSA-AES128-SHA"];
    for (let round = 0; round < 2; round++) {
      for (const suite of secret) expect(await handshake(port, "TLSv1.2", suite), suite).toBe("TLSv1.2");
      for (const suite of open) expect(await handshake(port, "TLSv1.2", `${suite}@SECLEVEL=0`), suite).toBe("refused");
      expect(await handshake(port, "TLSv1.3")).toBe("TLSv1.3");
      writeFileSync(file("rsa.pem"), `${readFileSync(file("rsa.pem"), "utf8")}\n`);
      clock.advance(10_000);
    }
  });

  it("with authorities for clients lets in only clients of theirs", async () => {
    const { url } = await serve({ client_ca_file: file("ca.pem") });
    expect((await ask(url, "client")).body).toBe("secret");
    await expect(ask(url, "stranger")).rejects.toThrow();
    await expect(ask(url)).rejects.toThrow();
  });

  it("takes a renewed certificate without a restart, and keeps the old one when the new one is broken", async () => {
    const { url, clock, problems } = await serve();
    copyFileSync(file("second.key"), file("used.key"));
    clock.advance(10_000);
    expect(problems).toMatchObject([expect.stringMatching(/do not work together/)]);
    expect((await ask(url)).peer).toBe("first");
    copyFileSync(file("second.pem"), file("used.pem"));
    clock.advance(10_000);
    expect((await ask(url)).peer).toBe("second");
    expect(problems).toHaveLength(1);
  });
});

it.each([
  ["a file that is not there", { cert_file: "/no/such.pem" }, /cannot read http\.tls\.cert_file \/no\/such\.pem/],
  ["a file that is no PEM", { key_file: "EMPTY" }, /http\.tls\.key_file .* is no PEM file/],
  ["a key of another certificate", { key_file: "SECOND" }, /do not work together/],
] as const)("%s is an error at the start that names it", (_what, more, message) => {
  writeFileSync(file("empty"), "nothing");
  const at = (path: string): string => path.replace("EMPTY", file("empty")).replace("SECOND", file("second.key"));
  const { cert_file: cert = file("first.pem"), key_file: key = file("first.key") } =
    more as Partial<ListenerTlsOptions>;
  const options = { cert_file: at(cert), key_file: at(key), min_version: "TLSv1.2" } as const;
  expect(() => new TlsCertificate(options, new FakeClock(), () => {})).toThrow(message);
});
