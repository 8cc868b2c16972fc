import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { Gateway } from "./gateway.ts";
import { circuitBreakerOptions, executionOptions, groupOptions, subprocessOptions } from "./options.ts";
import { FakeTransport, fakePlatform, RecordingBus } from "./testing/index.ts";

const server = subprocessOptions.parse({ mode: "subprocess", command: "fake" });
const caller: Caller = { type: "api_key", id: registeredName("alice"), roles: [], credential: "api_key:alice" };

function setUp(configFile?: string) {
  const platform = fakePlatform();
  const bus = new RecordingBus();
  const { fleet } = new Gateway({
    servers: { math: server, all: groupOptions.parse({ mode: "group", members: [{ id: "math" }] }) },
    configFile,
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform,
    info: { name: "test", version: "0" },
    transports: () => new FakeTransport(platform.clock),
  });
  const told = () =>
    bus.of("server.registered").map(({ server: id, origin, source, caller: by }) => [id, origin, source, by?.id]);
  return { fleet, told };
}

describe("a registration", () => {
  it("says in which file a server or group is configured", () => {
    const { told } = setUp("/etc/hangar/config.yaml");
    expect(told()).toEqual([
      ["math", "config", "/etc/hangar/config.yaml", undefined],
      ["all", "config", "/etc/hangar/config.yaml", undefined],
    ]);
  });

  it("names no file where a program makes the configuration", () => {
    expect(setUp().told()).toContainEqual(["math", "config", undefined, undefined]);
  });

  it("says who has called for it, or which source has announced it", () => {
    const { fleet, told } = setUp();
    fleet.register("mine", server, { origin: "runtime", caller });
    fleet.register("found", server, { origin: "discovery", source: "labels" });
    expect(told().slice(2)).toEqual([
      ["mine", "runtime", undefined, "alice"],
      ["found", "discovery", "labels", undefined],
    ]);
  });

  it("stays with what is replaced by the same, and goes over to who claims it", async () => {
    const { fleet, told } = setUp();
    fleet.register("mine", server, { origin: "runtime", caller });
    await fleet.replace("mine", server);
    await fleet.replace("mine", server, { origin: "config", file: "config.yaml" });
    expect(told().slice(3)).toEqual([
      ["mine", "runtime", undefined, "alice"],
      ["mine", "config", "config.yaml", undefined],
    ]);
    expect(fleet.originOf("mine")).toBe("config");
  });
});
