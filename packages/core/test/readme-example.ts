import { circuitBreakerOptions, executionOptions, Gateway, nodePlatform, subprocessOptions } from "@mcp-hangar/core";
import { TelemetryBus } from "@mcp-hangar/telemetry";

/** Calls one tool of one server, and says how long each call took. */
export async function sum(serverScript: string, a: number, b: number): Promise<string> {
  const bus = new TelemetryBus();
  bus.on("durations", (event) => {
    if (event.type === "call.finished") process.stderr.write(`${event.tool}: ${event.durationSeconds} s\n`);
  });
  const gateway = new Gateway({
    servers: {
      everything: subprocessOptions.parse({ mode: "subprocess", command: process.execPath, args: [serverScript] }),
    },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform: nodePlatform,
    info: { name: "my-program", version: "1.0.0" },
  });
  gateway.start();
  try {
    // The server starts with its first call. Nothing is thrown: a refusal or a failure is a result like any other.
    const result = await gateway.callTool({ server: "everything", tool: "get-sum", arguments: { a, b } });
    return result.kind === "result" ? JSON.stringify(result.result.value.content) : `failed: ${JSON.stringify(result)}`;
  } finally {
    // Stops every process that was started.
    await gateway.close();
  }
}
