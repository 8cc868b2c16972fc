import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { HttpProxy } from "../proxy.ts";
import { ProxyError } from "./proxy-error.ts";
import { placeOf } from "./proxy-place.ts";

export interface TunnelOptions {
  /** Milliseconds of silence after which the proxy is given up. */
  readonly timeoutMs: number;
  /** Gives the attempt up. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of the head of a proxy's answer. */
const HEAD_BYTES_MAX = 16 * 1024;

/**
 * Opens a connection to `target` (host and port) through a proxy, by CONNECT (RFC 9110, 9.3.6). The socket is as if it were connected
 * to the target.
 * @throws ProxyError when the proxy does not open it, and the reason of the signal when that aborts
 */
export async function openTunnel(
  proxy: HttpProxy,
  target: string,
  { timeoutMs, signal }: TunnelOptions,
): Promise<Socket> {
  signal?.throwIfAborted();
  const begin = proxy.url.protocol === "https:" ? httpsRequest : httpRequest;
  const opened = Promise.withResolvers<Socket>();
  const request = begin({
    ...placeOf(proxy),
    method: "CONNECT",
    path: target,
    headers: { host: target, ...(proxy.authorization !== undefined && { "proxy-authorization": proxy.authorization }) },
    agent: false,
    maxHeaderSize: HEAD_BYTES_MAX,
    timeout: timeoutMs,
    ...(signal !== undefined && { signal }),
  });
  request.on("connect", (answer: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.setTimeout(0);
    if (answer.statusCode === 200) {
      if (head.length > 0) socket.unshift(head);
      opened.resolve(socket);
      return;
    }
    socket.on("error", () => undefined).destroy();
    opened.reject(ProxyError.status(proxy, target, answer.statusCode ?? 0, answer.statusMessage));
  });
  request.on("response", (answer: IncomingMessage) => {
    answer.destroy();
    opened.reject(ProxyError.status(proxy, target, answer.statusCode ?? 0, answer.statusMessage));
  });
  request.on("timeout", () => request.destroy(ProxyError.silent(proxy, target, timeoutMs / 1_000)));
  request.on("error", (error) => opened.reject(signal?.aborted ? signal.reason : ProxyError.connection(proxy, error)));
  request.end();
  return await opened.promise;
}
