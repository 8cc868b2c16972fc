import type { PeerDescription } from "../../protocol/eras.ts";
import type { JsonRpcNotification } from "../../protocol/json-rpc.ts";
import type { UpstreamReply, UpstreamRequest, UpstreamSession } from "../session.ts";
import type { StdioChannel } from "./channel.ts";

/** A session with a server over its pipes. */
export class StdioSession implements UpstreamSession {
  readonly peer: PeerDescription;
  readonly #channel: StdioChannel;

  constructor(peer: PeerDescription, channel: StdioChannel) {
    this.peer = peer;
    this.#channel = channel;
  }

  peerFor(): Promise<PeerDescription> {
    return Promise.resolve(this.peer);
  }

  request(request: UpstreamRequest): Promise<UpstreamReply> {
    return this.#channel.connection.request(request);
  }

  notify(notification: JsonRpcNotification): void {
    this.#channel.connection.notify(notification);
  }

  connections(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return this.#channel.close();
  }
}
