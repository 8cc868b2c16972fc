import { type JsonObject, type JsonRpcId, type JsonRpcRequest, type JsonValue, RPC } from "../../protocol/json-rpc.ts";
import { answerOf, type Unclear } from "../call-origins.ts";
import type { ServerRequestReply, SessionObserver, UpstreamRequest } from "../session.ts";

/** Requests of the server to us, until each is answered. */
export class ServerRequests {
  readonly #observer: SessionObserver;
  readonly #waitingMax: number;
  readonly #reply: (request: JsonRpcRequest, reply: ServerRequestReply) => void;
  readonly #waiting = new Map<JsonRpcId, JsonRpcRequest>();
  #refusing = false;

  constructor(
    observer: SessionObserver,
    waitingMax: number,
    reply: (request: JsonRpcRequest, reply: ServerRequestReply) => void,
  ) {
    this.#observer = observer;
    this.#waitingMax = waitingMax;
    this.#reply = reply;
  }

  /** From now on only `ping` is answered: in the modern era servers send no requests. */
  refuseAll(): void {
    this.#refusing = true;
  }

  /** Has a request answered: by the call it stems from, or by the owner of the session, who hears why that cannot be told. */
  serve({ id, method, params }: JsonRpcRequest, origin: UpstreamRequest | Unclear, isSole = false): void {
    const request: JsonRpcRequest = { id, method, params };
    if (method === "ping") {
      this.#reply(request, { kind: "result", result: {} satisfies JsonObject });
    } else if (this.#refusing) {
      this.#reply(
        request,
        refusal(RPC.methodNotFound, `servers of this protocol revision send no requests (${method})`),
      );
    } else if (this.#waiting.size >= this.#waitingMax) {
      this.#reply(request, refusal(RPC.internalError, `${this.#waitingMax} requests wait for an answer already`));
    } else {
      this.#waiting.set(id, request);
      void this.#answer(request, origin, isSole);
    }
  }

  /** The server does not wait any more: its request is not answered. */
  cancel(id: JsonValue | undefined): void {
    if (typeof id === "string" || typeof id === "number") this.#waiting.delete(id);
  }

  async #answer(request: JsonRpcRequest, origin: UpstreamRequest | Unclear, isSole: boolean): Promise<void> {
    let reply: ServerRequestReply;
    try {
      reply = await answerOf(request, origin, this.#observer, isSole);
    } catch (error) {
      reply = refusal(RPC.internalError, error instanceof Error ? error.message : String(error));
    }
    if (this.#waiting.get(request.id) !== request) return;
    this.#waiting.delete(request.id);
    this.#reply(request, reply);
  }
}

function refusal(code: number, message: string): ServerRequestReply {
  return { kind: "error", error: { code, message } };
}
