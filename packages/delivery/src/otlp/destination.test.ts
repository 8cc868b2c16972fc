import { describe, expect, it } from "vitest";
import { otlpDestination } from "./destination.ts";

/** Where records go, in short. */
function short(env: Readonly<Record<string, string>>): string | undefined {
  const destination = otlpDestination("logs", env);
  return destination && `${destination.protocol} ${destination.url.href}`;
}

const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const LOGS_ENDPOINT = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
const PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL";
const LOGS_PROTOCOL = "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL";

describe("the destination of log records", () => {
  it.each([
    [{}, undefined],
    [{ [ENDPOINT]: "" }, undefined],
    [{ [ENDPOINT]: "http://c:4317" }, "grpc http://c:4317/"],
    [{ [ENDPOINT]: "http://c:4318" }, "http/protobuf http://c:4318/v1/logs"],
    [{ [ENDPOINT]: "https://c" }, "http/protobuf https://c/v1/logs"],
    [{ [ENDPOINT]: "https://c/otlp/" }, "http/protobuf https://c/otlp/v1/logs"],
    [{ [ENDPOINT]: "https://c/otlp//" }, "http/protobuf https://c/otlp/v1/logs"],
    [{ [ENDPOINT]: "http://[::1]:4317" }, "grpc http://[::1]:4317/"],
    [{ [ENDPOINT]: "https://c/otlp" }, "http/protobuf https://c/otlp/v1/logs"],
    [{ [LOGS_ENDPOINT]: "https://c/logs" }, "http/protobuf https://c/logs"],
    [{ [ENDPOINT]: "http://a:4317", [LOGS_ENDPOINT]: "http://b:4318/x" }, "http/protobuf http://b:4318/x"],
    [{ [ENDPOINT]: "http://c:4317", [PROTOCOL]: "http/protobuf" }, "http/protobuf http://c:4317/v1/logs"],
    [{ [ENDPOINT]: "http://c:4318", [PROTOCOL]: "grpc" }, "grpc http://c:4318/"],
    [
      { [ENDPOINT]: "http://c:4318", [PROTOCOL]: "grpc", [LOGS_PROTOCOL]: "http/json" },
      "http/json http://c:4318/v1/logs",
    ],
    [{ [ENDPOINT]: "c:4317" }, "grpc https://c:4317/"],
    [{ [ENDPOINT]: "c:4317", OTEL_EXPORTER_OTLP_INSECURE: "true" }, "grpc http://c:4317/"],
    [{ [ENDPOINT]: "http://c:4318", OTEL_SDK_DISABLED: "true" }, undefined],
    [{ [ENDPOINT]: "http://c:4318", OTEL_SDK_DISABLED: "1" }, "http/protobuf http://c:4318/v1/logs"],
    [{ [ENDPOINT]: "http://c:4318", OTEL_LOGS_EXPORTER: "none" }, undefined],
  ])("of %o is %s", (env, expected) => {
    expect(short(env as Readonly<Record<string, string>>)).toBe(expected);
  });

  it("has headers, timeout, compression and certificates of logs before the general ones", () => {
    const env = {
      [ENDPOINT]: "https://c",
      OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Basic%20YTpi, x-tenant = one",
      OTEL_EXPORTER_OTLP_TIMEOUT: "5000",
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "700",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_CERTIFICATE: "/ca.pem",
      OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE: "/cert.pem",
      OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY: "/key.pem",
    };
    expect(otlpDestination("logs", env, { headers: { "X-Tenant": "two", "X-More": "3" } })).toMatchObject({
      headers: { authorization: "Basic YTpi", "x-tenant": "one", "x-more": "3" },
      timeoutMs: 700,
      compression: "gzip",
      certificate: "/ca.pem",
      clientCertificate: "/cert.pem",
      clientKey: "/key.pem",
    });
  });

  it("is that of the configuration where the environment names none", () => {
    const configured = { endpoint: "http://b:4317", protocol: "http/protobuf" } as const;
    expect(otlpDestination("logs", {}, configured)?.url.href).toBe("http://b:4317/v1/logs");
    expect(otlpDestination("logs", { [ENDPOINT]: "http://a:1" }, configured)?.url.href).toBe("http://a:1/v1/logs");
    expect(otlpDestination("logs", { [PROTOCOL]: "grpc" }, configured)?.protocol).toBe("grpc");
    expect(otlpDestination("logs", { OTEL_LOGS_EXPORTER: "none" }, configured)).toBeUndefined();
  });

  it.each([
    [
      { [ENDPOINT]: "ftp://user:secret@c" },
      /^OTEL_EXPORTER_OTLP_ENDPOINT is no URL of http or https; write for example/,
    ],
    [{ [ENDPOINT]: "http://" }, /no URL/],
    [
      { [ENDPOINT]: "http://user:secret@c:4317" },
      /^OTEL_EXPORTER_OTLP_ENDPOINT holds credentials; put them into OTEL_/,
    ],
    [
      { [ENDPOINT]: "http://c", [LOGS_PROTOCOL]: "thrift" },
      /OTLP_LOGS_PROTOCOL is "thrift"; expected one of grpc, http/,
    ],
    [{ [ENDPOINT]: "http://c", OTEL_EXPORTER_OTLP_TIMEOUT: "10s" }, /TIMEOUT is "10s"; expected milliseconds/],
    [{ [ENDPOINT]: "http://c", OTEL_EXPORTER_OTLP_COMPRESSION: "brotli" }, /COMPRESSION is "brotli"; expected gzip or/],
    [{ [ENDPOINT]: "http://c", OTEL_EXPORTER_OTLP_HEADERS: "a=1,secret" }, /HEADERS: entry 2 is not key=value/],
    [
      { [ENDPOINT]: "http://c", OTEL_EXPORTER_OTLP_HEADERS: "a=secret%0d%0aevil:%201" },
      /HEADERS: "a" is no header field/,
    ],
    [
      { [ENDPOINT]: "http://c:4317", OTEL_EXPORTER_OTLP_HEADERS: "a=secret%C3%A9" },
      /HEADERS: "a" cannot be sent over gRPC, which takes printable ASCII/,
    ],
    [{ [ENDPOINT]: "http://c:4317", OTEL_EXPORTER_OTLP_HEADERS: "a-bin=secret" }, /"a-bin" cannot be sent over gRPC/],
    [
      { [ENDPOINT]: "http://{{collector}}:4318" },
      /^OTEL_EXPORTER_OTLP_ENDPOINT has a placeholder .*: "\{\{collector\}\}:4318"$/,
    ],
    [{ [ENDPOINT]: "$COLLECTOR:4318" }, /ENDPOINT has a placeholder/],
    [{ [ENDPOINT]: "http://c:0" }, /ENDPOINT has port 0/],
  ])("is refused in words that show no credentials: %o", (env, message) => {
    let said = "";
    try {
      otlpDestination("logs", env as Readonly<Record<string, string>>);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(message);
    expect(said).not.toContain("secret");
  });
});

describe("headers that say how a request is sent", () => {
  const names = [
    "connection",
    "Content-Encoding",
    "content-length",
    "expect",
    "keep-alive",
    "Transfer-Encoding",
    "trailer",
    "upgrade",
  ];
  const of = (name: string, port: number): Readonly<Record<string, string>> => ({
    [ENDPOINT]: `http://c:${port}`,
    OTEL_EXPORTER_OTLP_HEADERS: `api-key=1,${name}=x`,
  });

  it.each(names)("%s is refused over HTTP and gRPC", (name) => {
    for (const port of [4318, 4317]) {
      expect(() => otlpDestination("logs", of(name, port))).toThrow(
        `OTEL_EXPORTER_OTLP_HEADERS: "${name.toLowerCase()}" says how requests are sent, which the gateway decides; leave it out`,
      );
    }
    const configured = { endpoint: "http://c", headers: { [name]: "x" } };
    expect(() => otlpDestination("logs", {}, configured)).toThrow("leave it out");
  });

  it.each(["grpc-timeout", "grpc-encoding", "host"])(
    "%s is refused over gRPC, and is one like others over HTTP",
    (name) => {
      expect(() => otlpDestination("logs", of(name, 4317))).toThrow("leave it out");
      expect(otlpDestination("logs", of(name, 4318))?.headers).toEqual({ "api-key": "1", [name]: "x" });
    },
  );

  it.each(["gzip", "GZIP", " Gzip ", "NONE"])("compression is %s in letters of either case", (compression) => {
    const env = { [ENDPOINT]: "http://c", OTEL_EXPORTER_OTLP_COMPRESSION: compression };
    expect(otlpDestination("logs", env)?.compression).toBe(compression.trim().toLowerCase());
  });
});

describe("the destination of spans", () => {
  it("has the path and the variables of traces", () => {
    const env = {
      [ENDPOINT]: "https://c/otlp",
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "700",
      [LOGS_PROTOCOL]: "http/json",
    };
    expect(otlpDestination("traces", env)).toMatchObject({
      signal: "traces",
      protocol: "http/protobuf",
      url: new URL("https://c/otlp/v1/traces"),
      timeoutMs: 700,
    });
    const own = { ...env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://[::1]:4317" };
    expect(otlpDestination("traces", own)).toMatchObject({ protocol: "grpc", url: new URL("http://[::1]:4317") });
    expect(otlpDestination("traces", { ...env, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
    expect(otlpDestination("traces", { ...env, OTEL_LOGS_EXPORTER: "none" })).toBeDefined();
  });

  it("is refused with a protocol that the caller cannot write", () => {
    const env = { [ENDPOINT]: "http://c", [PROTOCOL]: "http/json" };
    expect(() => otlpDestination("traces", env, { protocols: ["grpc", "http/protobuf"] })).toThrow(
      'OTEL_EXPORTER_OTLP_PROTOCOL is "http/json"; expected one of grpc, http/protobuf',
    );
  });
});
