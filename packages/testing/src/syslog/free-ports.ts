import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A port on loopback that nobody listens at over UDP, and probably not over TCP: for programs that do not say which port they took. */
export async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  try {
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return socket.address().port;
  } finally {
    socket.close();
  }
}
