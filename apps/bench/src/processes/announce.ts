import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Says on stderr where an HTTP server listens, in the same words as MCP Hangar does, so that one launcher serves all. */
export function announce(server: Server): void {
  // `listen` has called back on a TCP port, so the address is never a pipe name or null.
  const { port } = server.address() as AddressInfo;
  process.stderr.write(`${JSON.stringify({ event: "http_listening", url: `http://127.0.0.1:${port}` })}\n`);
}

/** Ends this program on SIGTERM and SIGINT, and when the bench that started it is gone. */
export function exitOnSignals(server: Server, cleanup: () => void = () => {}): void {
  const end = (): void => {
    cleanup();
    server.closeAllConnections();
    server.close(() => process.exit(0));
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  // stdin is a pipe from the bench: its end means that the bench was killed and nobody else will end us.
  process.stdin.on("end", end).resume();
}
