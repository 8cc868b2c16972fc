import {
  awaitLogEvent,
  bundledProgram,
  COMPILE_CACHE,
  freePort,
  poll,
  SOURCE_CONDITION,
  startProcess,
} from "@mcp-hangar/testing";
import { fixtureFile, packageFile } from "./workspace.ts";

/** An upstream MCP server that listens on loopback. Disposing kills it. */
export interface HttpUpstream extends AsyncDisposable {
  /** Its MCP endpoint. */
  readonly url: string;
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  stderr(): string;
}

/** Paths of the official example servers, of the one that is started most as a bundle. */
export const EVERYTHING: string =
  bundledProgram("server-everything") ?? packageFile("@modelcontextprotocol/server-everything/dist/index.js");
export const FILESYSTEM: string = packageFile("@modelcontextprotocol/server-filesystem/dist/index.js");
export const MEMORY: string = packageFile("@modelcontextprotocol/server-memory/dist/index.js");

/** Configuration of a subprocess server that runs a JavaScript or TypeScript file with this Node. */
export function nodeServer(file: string, ...args: readonly string[]): Record<string, unknown> {
  return { mode: "subprocess", command: process.execPath, args: [file, ...args], env: COMPILE_CACHE };
}

/** Starts server-everything over Streamable HTTP. It takes its port as a number, so a free one is found first. */
export async function startEverythingOverHttp(): Promise<HttpUpstream> {
  const port = await freePort();
  const upstream = await startProcess({
    command: process.execPath,
    args: [EVERYTHING, "streamableHttp"],
    env: { PORT: String(port) },
  });
  await poll("server-everything to listen", () => upstream.stderr().includes(`listening on port ${port}`));
  return asUpstream(upstream, `http://127.0.0.1:${port}/mcp`);
}

/** Starts server-everything over HTTP+SSE, at a port of its own or at `port`. */
export async function startEverythingOverSse(port?: number): Promise<HttpUpstream> {
  const own = port ?? (await freePort());
  const upstream = await startProcess({
    command: process.execPath,
    args: [EVERYTHING, "sse"],
    env: { PORT: String(own) },
  });
  await poll("server-everything to listen", () => upstream.stderr().includes(`running on port ${own}`));
  return asUpstream(upstream, `http://127.0.0.1:${own}/sse`);
}

/** Starts a fixture that prints its URL as a JSON line with the event `listening`. */
export function startFixture(name: string, ...args: readonly string[]): Promise<HttpUpstream> {
  return startFixtureWith({}, name, ...args);
}

/** The same with variables in its environment. */
export async function startFixtureWith(
  env: Readonly<Record<string, string>>,
  name: string,
  ...args: readonly string[]
): Promise<HttpUpstream> {
  const upstream = await startProcess({
    command: process.execPath,
    args: [SOURCE_CONDITION, fixtureFile(name), ...args],
    env,
  });
  const { url } = await awaitLogEvent(upstream, "listening");
  return asUpstream(upstream, String(url));
}

function asUpstream(upstream: Awaited<ReturnType<typeof startProcess>>, url: string): HttpUpstream {
  return {
    url,
    pid: upstream.pid,
    kill: (signal) => upstream.kill(signal),
    stderr: () => upstream.stderr(),
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
}
