import { createServer } from "node:http";
import { createServer as createReceiver } from "node:net";
import { announce, exitOnSignals } from "../processes/announce.ts";

// A program: takes syslog over TCP, looks at none of it, and says over HTTP where it listens and what it has had.

let bytes = 0;
const receiver = createReceiver((socket) => {
  socket.on("data", (chunk) => {
    bytes += chunk.length;
  });
  socket.on("error", () => {});
});
const server = createServer((_request, response) => {
  response.end(JSON.stringify({ address: receiver.address(), bytes }));
});

receiver.listen(0, "127.0.0.1", () => server.listen(0, "127.0.0.1", () => announce(server)));
exitOnSignals(server);
