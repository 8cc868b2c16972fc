import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@mcp-hangar/testing";
import { installPeer } from "../peers/install.ts";
import { type PeerName, peers } from "../peers/pins.ts";
import { launch, workFolder } from "../processes/launch.ts";
import type { Contender, Upstream } from "./contenders.ts";

/**
 * Installs a peer where it is not installed, and starts it in front of an upstream. It listens; its upstream may not be there yet.
 * @throws Error when it cannot be installed, or does not start.
 */
export async function startPeer(name: PeerName, upstream: Upstream): Promise<Contender> {
  const peer = peers[name];
  const { folder } = await installPeer(peer);
  const port = await freePort();
  const { args, env, prefix = "", ...manner } = ways[name](upstream, port);
  const process = await launch({
    name,
    args: [join(folder, peer.program), ...args],
    url: `http://127.0.0.1:${port}`,
    ...(env && { env }),
  });
  return { name, process, prefix, ...manner };
}

/** How a peer is started. */
interface Way extends Pick<Contender, "dialect" | "listensUnready"> {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly prefix?: string;
}

const ways: Readonly<Record<PeerName, (upstream: Upstream, port: number) => Way>> = {
  "mcp-hub"(upstream, port) {
    const home = mkdtempSync(join(workFolder(), "mcp-hub-"));
    const lean =
      upstream.kind === "http" ? { url: upstream.endpoint } : { command: process.execPath, args: upstream.args };
    const config = join(home, "hub.json");
    writeFileSync(config, JSON.stringify({ mcpServers: { lean } }));
    keepFromMarketplace(home);
    return {
      args: ["--port", String(port), "--config", config],
      env: { HOME: home, XDG_DATA_HOME: home, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home },
      prefix: "lean__",
      // It has a `/mcp`, and only this transport on it.
      dialect: "http+sse",
      listensUnready: true,
    };
  },
  "mcp-proxy"(upstream, port) {
    return {
      args: [
        "--port",
        String(port),
        "--host",
        "127.0.0.1",
        "--server",
        "stream",
        "--",
        ...command("mcp-proxy", upstream),
      ],
    };
  },
  supergateway(upstream, port) {
    const line = command("supergateway", upstream).map(quoted).join(" ");
    return {
      args: `--outputTransport streamableHttp --stateful --logLevel none --port ${port}`
        .split(" ")
        .concat("--stdio", line),
    };
  },
};

/** It fetches a catalogue at its start, which is no part of a gateway's start: a young one is at hand. */
function keepFromMarketplace(dataFolder: string): void {
  const folder = join(dataFolder, "mcp-hub/cache");
  mkdirSync(folder, { recursive: true });
  const registry = { version: "1", generatedAt: 1, totalServers: 1, servers: [{ id: "none" }] };
  writeFileSync(
    join(folder, "registry.json"),
    JSON.stringify({ registry, lastFetchedAt: Date.now(), serverDocumentation: {} }),
  );
}

function command(name: PeerName, upstream: Upstream): readonly string[] {
  if (upstream.kind === "stdio") return [process.execPath, ...upstream.args];
  throw new Error(`${name} has stdio upstreams only`);
}

/** A word for a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
