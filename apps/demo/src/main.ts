import { startAlmanac } from "./almanac/listen.ts";
import { banner } from "./banner.ts";
import { isFree, started, startGateway } from "./gateway.ts";
import { createPlayground } from "./playground.ts";

const DEFAULT_PORT = "8000";

/** The demo: starts everything, says what to try, waits for Ctrl-C, and leaves nothing behind. */
const port = process.env.MCP_HTTP_PORT || DEFAULT_PORT;
const host = process.env.MCP_HTTP_HOST || "127.0.0.1";
const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

if (await isFree(host, Number(port))) {
  process.exitCode = await runDemo();
} else {
  const remedy = `stop what listens there, or choose another: MCP_HTTP_PORT=${Number(port) + 1} npm start`;
  process.stderr.write(`The port ${port} of ${host} cannot be bound; ${remedy}\n`);
  process.exitCode = 1;
}

async function runDemo(): Promise<number> {
  const almanac = await startAlmanac();
  const playground = await createPlayground(almanac.url);
  const gateway = startGateway(playground.configFile);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => gateway.stop());
  let ended = false;
  void gateway.exited.then(() => {
    ended = true;
  });
  if (await started(url, () => ended)) {
    const isDefaultUrl = port === DEFAULT_PORT && host === "127.0.0.1";
    process.stdout.write(banner({ url, isDefaultUrl, files: playground.files }));
  }
  const code = await gateway.exited;
  almanac.close();
  await playground.remove();
  return code;
}
