import { startAlmanac } from "./almanac/listen.ts";
import { banner } from "./banner.ts";
import { started, startGateway } from "./gateway.ts";
import { createPlayground } from "./playground.ts";

const DEFAULT_PORT = "8000";

/** The demo: starts everything, says what to try, waits for Ctrl-C, and leaves nothing behind. */
const port = process.env.MCP_HTTP_PORT || DEFAULT_PORT;
const host = process.env.MCP_HTTP_HOST || "127.0.0.1";
const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

const almanac = await startAlmanac();
const playground = await createPlayground(almanac.url);
const gateway = startGateway(playground.configFile);
let asked = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    asked = true;
    gateway.stop();
  });
}
let ended = false;
const exited = gateway.exited.finally(() => {
  ended = true;
});

if (await started(url, () => ended)) {
  process.stdout.write(
    banner({ url, isDefaultUrl: port === DEFAULT_PORT && host === "127.0.0.1", files: playground.files }),
  );
}
const code = await exited;
almanac.close();
await playground.remove();
if (!asked && code !== 0) {
  process.stderr.write(
    `The gateway ended with ${code}; its last lines say why. Another port: MCP_HTTP_PORT=8001 npm start\n`,
  );
}
process.exitCode = code;
