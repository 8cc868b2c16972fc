import type { Server as HttpServer } from "node:http";
import type { Http2Server } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Clock, SendOutcome } from "@mcp-hangar/delivery";
import { OtlpClient, type OtlpVariables, otlpDestination } from "@mcp-hangar/delivery/otlp";

/** Milliseconds that an attempt may take: one that is answered, on a busy machine, and one of which a test knows that it is not. */
export const TIMEOUT_MS = { answered: 60_000, silent: 500 };

const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  defer: (callback) => void setImmediate(callback),
};

/** A server on loopback, and the connections to it that are open. */
export interface Listening extends AsyncDisposable {
  readonly address: string;
  readonly sockets: ReadonlySet<Socket>;
  /** How many connections there have been. */
  readonly connections: () => number;
}

export async function listening(server: Server | HttpServer | Http2Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    // It listens on a port.
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What lies between a gateway and a collector, and can forget the connections that it has: they stay open, and nothing comes any more. */
export async function forgetful(address: string): Promise<Listening & { readonly forget: () => void }> {
  const [host = "", port] = address.split(":");
  let forgotten = 0;
  let connections = 0;
  const between = await listening(
    createServer((client) => {
      connections += 1;
      const number = connections;
      const collector = connect(Number(port), host).on("error", () => {});
      client.once("close", () => collector.destroy());
      client.on("data", (chunk) => void (number > forgotten && collector.write(chunk)));
      collector.on("data", (chunk) => void (number > forgotten && client.write(chunk)));
    }),
  );
  return {
    ...between,
    forget() {
      forgotten = connections;
    },
  };
}

/** Sends requests as a queue does, one after another. */
export class ClientUnderTest implements Disposable {
  readonly #client: OtlpClient;
  /** What has been told of problems, and `undefined` for their ends. */
  readonly told: readonly (string | undefined)[];
  #problem: string | undefined;

  private constructor(client: OtlpClient, told: readonly (string | undefined)[]) {
    this.#client = client;
    this.told = told;
  }

  static async open(env: OtlpVariables): Promise<ClientUnderTest> {
    const destination = otlpDestination("logs", env);
    if (destination === undefined) throw new Error("the environment names no endpoint");
    const told: (string | undefined)[] = [];
    const client = new OtlpClient({ destination, clock: systemClock, onProblem: (problem) => told.push(problem) });
    await client.open();
    return new ClientUnderTest(client, told);
  }

  /** What comes of a request; `undefined` when nothing does within the time, which ends the attempt. */
  async send(timeoutMs = TIMEOUT_MS.answered): Promise<SendOutcome | undefined> {
    const signal = AbortSignal.timeout(timeoutMs);
    const sent = this.#client.send(() => Buffer.from("records"), { signal, problem: this.#problem });
    const timeUp = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    const outcome = await Promise.race([timeUp, sent]);
    this.#problem = outcome?.kind === "delivered" ? undefined : "it was not delivered";
    return outcome;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
