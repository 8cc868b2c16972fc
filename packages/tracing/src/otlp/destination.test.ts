import { describe, expect, test } from "vitest";
import { otlpDestination } from "./destination.ts";

const NONE = {};

describe("the destination of spans", () => {
  test.each([
    ["http://localhost:4317", { url: "http://localhost:4317", protocol: "grpc" }],
    ["https://collector.example:4317/", { url: "https://collector.example:4317", protocol: "grpc" }],
    ["collector:4317", { url: "https://collector:4317", protocol: "grpc" }],
    ["http://localhost:4318", { url: "http://localhost:4318/v1/traces", protocol: "http/protobuf" }],
    ["https://cloud.example/otlp", { url: "https://cloud.example/otlp/v1/traces", protocol: "http/protobuf" }],
    ["https://cloud.example/otlp/", { url: "https://cloud.example/otlp/v1/traces", protocol: "http/protobuf" }],
    ["http://[::1]:4317", { url: "http://[::1]:4317", protocol: "grpc" }],
  ])("for %s is chosen by the port", (endpoint, destination) => {
    expect(otlpDestination({ endpoint }, NONE)).toEqual(destination);
    expect(otlpDestination({}, { OTEL_EXPORTER_OTLP_ENDPOINT: ` ${endpoint} ` })).toEqual(destination);
  });

  test("of an address without a scheme is encrypted unless it is said to be insecure", () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" };
    const plain = { url: "http://collector:4317", protocol: "grpc" };
    expect(otlpDestination({}, { ...env, OTEL_EXPORTER_OTLP_INSECURE: "true" })).toEqual(plain);
    expect(otlpDestination({}, { ...env, OTEL_EXPORTER_OTLP_TRACES_INSECURE: "true" })).toEqual(plain);
    expect(otlpDestination({}, env)?.url).toBe("https://collector:4317");
  });

  test("is none without an endpoint, and with one that is set to nothing", () => {
    expect(otlpDestination({}, NONE)).toBeUndefined();
    expect(
      otlpDestination({}, { OTEL_EXPORTER_OTLP_ENDPOINT: " ", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }),
    ).toBeUndefined();
  });

  test("speaks the protocol that is named, whatever the port", () => {
    const endpoint = "http://localhost:4317";
    expect(otlpDestination({ endpoint, protocol: "http/protobuf" }, NONE)?.url).toBe("http://localhost:4317/v1/traces");
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
    expect(otlpDestination({}, env)?.protocol).toBe("grpc");
    const ofTraces = { ...env, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf" };
    expect(otlpDestination({}, ofTraces)?.protocol).toBe("http/protobuf");
  });

  test("for traces alone is used as it is", () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://cloud.example/custom/path",
    };
    expect(otlpDestination({}, env)).toEqual({ url: "https://cloud.example/custom/path", protocol: "http/protobuf" });
  });

  test.each(["ftp://collector", "http://", "not an address", "http://user:secret@collector:4318"])(
    "is refused when it is %s, without repeating a password",
    (endpoint) => {
      expect(() => otlpDestination({ endpoint }, NONE)).toThrow(/endpoint/);
      expect(() => otlpDestination({ endpoint }, NONE)).not.toThrow(/secret/);
    },
  );

  test("is refused with a protocol that is not spoken, and says which are", () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
    expect(() => otlpDestination({}, env)).toThrow('"http/json" is not supported; use grpc or http/protobuf');
  });
});
