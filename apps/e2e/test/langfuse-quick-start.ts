import { circuitBreakerOptions, executionOptions, Gateway, nodePlatform, subprocessOptions } from "@mcp-hangar/core";
import { Langfuse } from "@mcp-hangar/langfuse";
import { TelemetryBus } from "@mcp-hangar/telemetry";

const { LANGFUSE_PUBLIC_KEY = "", LANGFUSE_SECRET_KEY = "", LANGFUSE_HOST } = process.env;
const langfuse = new Langfuse({
  publicKey: LANGFUSE_PUBLIC_KEY,
  secretKey: LANGFUSE_SECRET_KEY,
  host: LANGFUSE_HOST,
  // Without these two lines neither arguments nor results leave the process.
  scrubInputs: false,
  scrubOutputs: false,
  mask: (text) => text.replaceAll(/\d{16}/g, "[card]"),
  clock: {
    ...nodePlatform.clock,
    // Timers of the platform let the process end; these hold it until everything is delivered.
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: () => nodePlatform.random(),
});
process.stdout.write(`${JSON.stringify(await langfuse.checkKeys(5_000))}\n`);

const bus = new TelemetryBus();
bus.on(langfuse.name, langfuse.listener);
const [command = "npx", ...args] = process.argv.slice(2);
const gateway = new Gateway({
  servers: { everything: subprocessOptions.parse({ mode: "subprocess", command, args }) },
  execution: executionOptions.parse({}),
  circuitBreaker: circuitBreakerOptions.parse({}),
  bus,
  platform: nodePlatform,
  info: { name: "my-program", version: "1.0.0" },
});
gateway.start();
try {
  await gateway.callTool({
    server: "everything",
    tool: "echo",
    arguments: { message: "4111111111111111" },
    traceId: "your-langfuse-trace-id",
    userId: "user-123",
    sessionId: "session-456",
  });
} finally {
  await gateway.close();
  // Delivers what waits, within five seconds.
  await langfuse.close(5_000);
}
process.stdout.write(`${JSON.stringify(langfuse.snapshot())}\n`);
