import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The gateway as a process of its own. */
export interface GatewayProcess {
  /** Resolves with the exit code when it has ended. */
  readonly exited: Promise<number>;
  /** Asks it to stop; it drains its calls and stops its servers first. */
  stop(): void;
}

const MAIN = fileURLToPath(new URL("../node_modules/mcp-hangar/dist/main.js", import.meta.url));
/** Time between two looks whether the gateway is up, in ms. */
const LOOK_MS = 50;

/** Starts the built command line, its output being ours. */
export function startGateway(configFile: string): GatewayProcess {
  const child = spawn(process.execPath, [MAIN, "serve", "--http", "--config", configFile], {
    // In the group of this process: what kills the group leaves no gateway behind. Ctrl-C reaches both, and the gateway
    // takes the signal that it is then sent for the same wish.
    stdio: ["ignore", "inherit", "inherit"],
  });
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("error", () => resolve(1));
  });
  // Whatever ends this process must not leave a gateway behind.
  process.once("exit", () => child.kill("SIGTERM"));
  return { exited, stop: () => void child.kill("SIGTERM") };
}

/** Whether a port can be bound; what listens there already would answer in the place of the gateway. */
export function isFree(host: string, port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen({ host, port }, () => probe.close(() => resolve(true)));
  });
}

/** Resolves to true when the gateway at `url` has started, to false when `ended` says that it will not. */
export async function started(url: string, ended: () => boolean): Promise<boolean> {
  while (!ended()) {
    const response = await fetch(`${url}/health/startup`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.status === 200) return true;
    await setTimeout(LOOK_MS);
  }
  return false;
}
