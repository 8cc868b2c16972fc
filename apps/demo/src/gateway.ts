import { spawn } from "node:child_process";
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
    stdio: ["ignore", "inherit", "inherit"],
    // A group of its own: Ctrl-C reaches this process only, which then stops the gateway once and waits for it.
    detached: true,
  });
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
    child.once("error", () => resolve(1));
  });
  // Whatever ends this process must not leave a gateway behind.
  process.once("exit", () => child.kill("SIGTERM"));
  return { exited, stop: () => void child.kill("SIGTERM") };
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
