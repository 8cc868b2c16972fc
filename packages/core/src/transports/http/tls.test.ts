/** @module-tag openssl */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callTool, type RigOptions, resultOf, rig } from "../../../test/http/open-session.ts";
import { modern, type RawServer, rawServer, result } from "../../../test/http/raw-server.ts";

let folder = "";
const file = (name: string): string => join(folder, name);
const pem = (name: string): Buffer => readFileSync(file(name));

/** Makes a key and a certificate; without an authority it signs itself. */
function certificate(name: string, subject: string, extensions: string, authority?: string): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file(`${name}.key`)];
  const signer = authority === undefined ? [] : ["-CA", file(`${authority}.pem`), "-CAkey", file(`${authority}.key`)];
  const args = [
    "req",
    "-x509",
    "-days",
    "2",
    ...key,
    "-out",
    file(`${name}.pem`),
    "-subj",
    subject,
    "-addext",
    extensions,
  ];
  execFileSync("openssl", [...args, ...signer], { stdio: "pipe" });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-tls-"));
  certificate("ca", "/CN=test authority", "keyUsage=keyCertSign");
  certificate("server", "/CN=inner.example", "subjectAltName=DNS:inner.example", "ca");
  certificate("local", "/CN=local", "subjectAltName=IP:127.0.0.1", "ca");
  certificate("client", "/CN=client", "extendedKeyUsage=clientAuth", "ca");
  certificate("stranger", "/CN=stranger", "extendedKeyUsage=clientAuth");
  writeFileSync(file("empty.pem"), "nothing here\n");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tlsServer(name: "server" | "local", wantsClient = false): Promise<RawServer> {
  const client = wantsClient ? { requestCert: true, rejectUnauthorized: true, ca: pem("ca.pem") } : {};
  const tls = { key: pem(`${name}.key`), cert: pem(`${name}.pem`), ...client };
  return rawServer(
    modern((received, response) => result(received, response, { ok: true })),
    { tls },
  );
}

type Tls = NonNullable<RigOptions["tls"]>;

async function call(server: RawServer, tls: Partial<Tls>): Promise<unknown> {
  const session = await rig(server.url, { tls: { insecure_skip_verify: false, ...tls } }).open();
  return resultOf(await callTool(session, "x"));
}

async function refusal(server: RawServer, tls?: Partial<Tls>): Promise<{ code: string; message: string }> {
  const options = tls === undefined ? {} : { tls: { insecure_skip_verify: false, ...tls } };
  return (await rig(server.url, options)
    .open()
    .catch((error: unknown) => error)) as { code: string; message: string };
}

describe("tls", () => {
  it("accepts a certificate of the authority in ca_file, and nothing else", async () => {
    const server = await tlsServer("local");
    expect(await call(server, { ca_file: file("ca.pem") })).toEqual({ ok: true });
    const untrusted = await refusal(server);
    expect(untrusted.code).toBe("tls_failed");
    expect(untrusted.message).toContain("Set tls.ca_file");
    expect((await refusal(server, { ca_file: file("stranger.pem") })).code).toBe("tls_failed");
  });

  it("verifies the name of the endpoint, or server_name instead", async () => {
    const server = await tlsServer("server");
    const wrongName = await refusal(server, { ca_file: file("ca.pem") });
    expect(wrongName.code).toBe("tls_failed");
    expect(wrongName.message).toContain("tls.server_name");
    expect(await call(server, { ca_file: file("ca.pem"), server_name: "inner.example" })).toEqual({ ok: true });
    const other = await refusal(server, { ca_file: file("ca.pem"), server_name: "outer.example" });
    expect(other.code).toBe("tls_failed");
  });

  it("accepts anything with insecure_skip_verify", async () => {
    expect(await call(await tlsServer("server"), { insecure_skip_verify: true })).toEqual({ ok: true });
  });

  it("applies behind an address guard as well", async () => {
    const server = await tlsServer("server", true);
    const own = { ca_file: file("ca.pem"), cert_file: file("client.pem"), key_file: file("client.key") };
    const open = (tls: Partial<Tls>): ReturnType<ReturnType<typeof rig>["open"]> =>
      rig(server.url, {
        tls: { insecure_skip_verify: false, ...tls },
        address_guard: { allow: ["127.0.0.1"] },
      }).open();
    const session = await open({ ...own, server_name: "inner.example" });
    expect(resultOf(await callTool(session, "x"))).toEqual({ ok: true });
    await expect(open(own)).rejects.toMatchObject({ code: "tls_failed" });
    await expect(open({ server_name: "inner.example" })).rejects.toMatchObject({ code: "tls_failed" });
  });

  it("presents the client certificate, and says what is missing without one", async () => {
    const server = await tlsServer("local", true);
    const ca_file = file("ca.pem");
    const own = { ca_file, cert_file: file("client.pem"), key_file: file("client.key") };
    expect(await call(server, own)).toEqual({ ok: true });
    const without = await refusal(server, { ca_file });
    // Whether the refusal comes with an alert or as a hang-up is up to the server.
    expect(["tls_failed", "connection_lost"]).toContain(without.code);
    expect(without.message).toContain("tls.cert_file and tls.key_file");
    const stranger = { ca_file, cert_file: file("stranger.pem"), key_file: file("stranger.key") };
    expect((await refusal(server, stranger)).message).toContain("tls.cert_file and tls.key_file");
  });

  it("names the option and the file that cannot be read or has no certificate", async () => {
    const server = await tlsServer("local");
    const missing = await refusal(server, { ca_file: file("none.pem") });
    expect(missing).toMatchObject({ code: "tls_failed" });
    expect(missing.message).toContain("tls.ca_file");
    expect(missing.message).toContain(file("none.pem"));
    const empty = await refusal(server, { ca_file: file("empty.pem") });
    expect(empty.message).toContain("no PEM block");
    const halved = await refusal(server, { cert_file: file("client.pem") });
    expect(halved).toMatchObject({
      code: "invalid_options",
      option: "tls.cert_file",
    });
  });

  it("says that files fit badly together", async () => {
    const server = await tlsServer("local");
    const swapped = { ca_file: file("ca.pem"), cert_file: file("client.pem"), key_file: file("stranger.key") };
    expect(await refusal(server, swapped)).toMatchObject({ code: "tls_failed", option: "tls.key_file" });
  });

  it("suggests http when the server speaks plain HTTP", async () => {
    const server = await rawServer(modern(() => {}));
    const error = await refusal({ ...server, url: server.url.replace("http:", "https:") });
    expect(error.code).toBe("tls_failed");
    expect(error.message).toContain(`http://${new URL(server.url).host}`);
  });
});
