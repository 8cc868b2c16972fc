import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Over what messages travel. TCP and TLS count octets. */
export const SYSLOG_TRANSPORTS = ["udp", "tcp", "tls"] as const;
export type SyslogTransport = (typeof SYSLOG_TRANSPORTS)[number];

/** Where a receiver listens, on loopback. */
export type SyslogPorts = Readonly<Record<SyslogTransport, number>>;

/** Sends messages in their order, as RFC 5426, RFC 6587 (octet counting) and RFC 5425 say. The certificate is not checked. */
export async function sendSyslog(ports: SyslogPorts, by: SyslogTransport, messages: readonly string[]): Promise<void> {
  if (by === "udp") return sendDatagrams(ports.udp, messages);
  const socket: Socket =
    by === "tcp"
      ? connect(ports.tcp, "127.0.0.1")
      : connectTls({ port: ports.tls, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, by === "tcp" ? "connect" : "secureConnect");
  for (const message of messages) {
    const bytes = Buffer.from(message);
    socket.write(Buffer.concat([Buffer.from(`${bytes.length} `), bytes]));
  }
  socket.end();
  await once(socket, "close");
}

async function sendDatagrams(port: number, messages: readonly string[]): Promise<void> {
  const socket = createSocket("udp4");
  try {
    for (const message of messages) {
      await new Promise<void>((resolve, reject) => {
        socket.send(message, port, "127.0.0.1", (error) => (error === null ? resolve() : reject(error)));
      });
    }
  } finally {
    socket.close();
  }
}
