import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, processesMarked } from "@mcp-hangar/testing";
import { type HttpGateway, startGateway } from "../harness/gateway-process.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";
import { type HttpUpstream, nodeServer, startFixture } from "../harness/upstreams.ts";
import { fixtureFile } from "../harness/workspace.ts";

/** Servers that are there all the time: nothing ever happens to the first. */
export const LASTING = ["steady", "shaky", "remote"] as const;
/** Servers that come and go with reloads. */
export const PASSING = ["passing-a", "passing-b", "passing-c"] as const;

/** Which of the passing servers the configuration has, and in which variant. */
export interface Variant {
  readonly passing: readonly string[];
  /** Changes the options of the passing servers: a reload replaces them. */
  readonly idleTtl: number;
}

/** The configuration at the beginning and at the end. */
export const BASE: Variant = { passing: PASSING, idleTtl: 300 };

/** A gateway, its servers, and what can be done to them. */
export interface World extends AsyncDisposable {
  readonly gateway: HttpGateway;
  /** JSON lines of the gateway. */
  readonly logFile: string;
  /** Processes that may be killed: those of all servers that run as children, except the steady one. */
  victims(): readonly number[];
  /** Every process of every server that runs as a child. */
  processes(): readonly number[];
  /** Replaces the configuration file and asks the gateway to reload it. */
  reload(variant: Variant): Promise<void>;
  /** Kills the remote server and starts it again at the same place. */
  restartRemote(): Promise<void>;
}

/** Starts a gateway in front of lasting and passing servers. */
export async function startWorld(): Promise<World> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder());
  const logFile = join(folder.path, "calls.log");
  const marker = `soak-victim-${process.pid}-end`;
  const steadyMarker = `soak-steady-${process.pid}-end`;
  const port = await freePort();
  let remote: HttpUpstream | undefined = await startFixture("misbehaving/http.ts", String(port));
  cleanup.defer(() => remote?.[Symbol.asyncDispose]());
  const config = (variant: Variant): Parameters<typeof startGateway>[0] => ({
    // Nobody reads stderr for hours; the file has all of it.
    logging: { level: "info", json_format: true, file: logFile },
    execution: { max_concurrency: 1_000, default_mcp_server_concurrency: 200 },
    circuit_breaker: { failure_threshold: 5, open_s: 0.5 },
    mcp_servers: {
      steady: { ...nodeServer(fixtureFile("misbehaving/stdio.ts"), steadyMarker), call_timeout_s: 30 },
      shaky: { ...nodeServer(fixtureFile("misbehaving/stdio.ts"), "--stubborn-child", marker), call_timeout_s: 1 },
      remote: { mode: "remote", endpoint: `http://127.0.0.1:${port}/mcp`, call_timeout_s: 1 },
      ...Object.fromEntries(
        variant.passing.map((id) => [
          id,
          {
            ...nodeServer(fixtureFile("misbehaving/stdio.ts"), marker),
            call_timeout_s: 1,
            idle_ttl_s: variant.idleTtl,
          },
        ]),
      ),
    },
  });
  const gateway = cleanup.use(await startGateway(config(BASE)));
  const owned = cleanup.move();
  return {
    gateway,
    logFile,
    victims: () => processesMarked(marker),
    processes: () => [...processesMarked(marker), ...processesMarked(steadyMarker)],
    async reload(variant) {
      // A reader never sees half a file.
      const next = `${gateway.configFile}.next`;
      await writeFile(next, JSON.stringify(config(variant)));
      await rename(next, gateway.configFile);
      gateway.process.kill("SIGHUP");
    },
    async restartRemote() {
      await remote?.[Symbol.asyncDispose]();
      remote = undefined;
      remote = await startFixture("misbehaving/http.ts", String(port));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
