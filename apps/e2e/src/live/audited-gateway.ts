import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { freePort, poll } from "@mcp-hangar/testing";
import { type HttpGateway, startGateway } from "../harness/gateway-process.ts";
import { rest } from "../harness/rest.ts";
import { temporaryFolder } from "../harness/temporary-folder.ts";

/** How the journal of a gateway is kept, where it is not as usual here. */
export interface JournalChanges {
  readonly max_bytes?: number;
}

/** A gateway with a journal and a sink, whose folder, clock and receiver a test can make worse and well again. */
export interface AuditedGateway extends AsyncDisposable {
  /** `host:port`, the same after a restart. */
  readonly target: string;
  gateway(): HttpGateway;
  /** Does something that has a record, and waits until it is on the disk. */
  act(): Promise<void>;
  /** Stops the gateway, does something while it is down, and starts it again. */
  restart(changes?: JournalChanges, meanwhile?: () => Promise<void>): Promise<void>;
  /** The receiver of the sink. */
  stopReceiver(): Promise<void>;
  startReceiver(): Promise<void>;
  /** Sets the clock of the gateway, by so many ms from that of the machine. */
  setClock(offsetMs: number): Promise<void>;
  /** The first file of the journal with a record of a request. */
  segment(): Promise<{ readonly path: string; readonly bytes: Buffer }>;
}

/** Seconds after which a record is signed, at the latest. */
const CHECKPOINT_EVERY_S = 5;
const CLOCK = new URL("clock-preload.ts", import.meta.url);

export async function startAuditedGateway(): Promise<AuditedGateway> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder());
  const journal = join(folder.path, "journal");
  const clockFile = join(folder.path, "clock");
  await writeFile(clockFile, "0");
  const [port, siemPort] = [await freePort(), await freePort()];
  let gateway: HttpGateway | undefined;
  let receiver: Receiver | undefined;
  cleanup.defer(async () => gateway?.[Symbol.asyncDispose]());
  cleanup.defer(async () => receiver?.close());
  const running = (): HttpGateway => {
    if (gateway === undefined) throw new Error("the gateway is stopped");
    return gateway;
  };
  const start = async (changes: JournalChanges = {}): Promise<void> => {
    const config = {
      mcp_servers: {},
      compliance: {
        journal: { folder: journal, checkpoint_every_s: CHECKPOINT_EVERY_S, ...changes },
        sinks: [{ type: "syslog", name: "siem", host: "127.0.0.1", port: siemPort }],
      },
    };
    const env = { NODE_OPTIONS: `--import=${CLOCK.href}`, HANGAR_TEST_CLOCK: clockFile };
    gateway = await startGateway(config, env, port);
  };
  receiver = await Receiver.listen(siemPort);
  await start();
  const owned = cleanup.move();
  return {
    target: `127.0.0.1:${port}`,
    gateway: running,
    async act() {
      const before = await sizeOf(journal);
      const answer = await rest(running(), "GET", "/api/mcp_servers");
      if (answer.status !== 200) throw new Error(answer.text);
      await poll("the record on the disk", async () => (await sizeOf(journal)) > before);
    },
    async restart(changes, meanwhile) {
      await running().stop();
      gateway = undefined;
      await meanwhile?.();
      await start(changes);
    },
    async stopReceiver() {
      await receiver?.close();
      receiver = undefined;
    },
    async startReceiver() {
      receiver = await Receiver.listen(siemPort);
    },
    async setClock(offsetMs) {
      await writeFile(clockFile, String(offsetMs));
      running().process.kill("SIGUSR2");
    },
    async segment() {
      for (const name of (await segmentsIn(journal)).toSorted()) {
        const path = join(journal, name);
        const bytes = await readFile(path);
        if (bytes.includes("listServers")) return { path, bytes };
      }
      throw new Error("the journal has no such record");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Takes whatever comes, and says nothing, as receivers of syslog do. */
class Receiver {
  readonly #server: Server;
  readonly #close = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      const destroy = (): void => void socket.destroy();
      this.#close.add(destroy);
      socket.on("error", destroy);
      socket.once("close", () => this.#close.delete(destroy));
      socket.resume();
    });
  }

  static async listen(port: number): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
    await promise;
    return receiver;
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const destroy of this.#close) destroy();
    await promise;
  }
}

async function segmentsIn(journal: string): Promise<readonly string[]> {
  return (await readdir(journal)).filter((name) => name.endsWith(".segment"));
}

/** Bytes of all records. */
async function sizeOf(journal: string): Promise<number> {
  const stats = await Promise.all((await segmentsIn(journal)).map((name) => stat(join(journal, name))));
  return stats.reduce((sum, { size }) => sum + size, 0);
}
