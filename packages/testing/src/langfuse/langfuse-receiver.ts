import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { type ReceivedSpan, spansOf } from "../otlp/received.ts";
import { OTLP_SERVICES, type ProtoMessage } from "../otlp/services.ts";
import { type LangfusePath, problemsOf } from "./openapi.ts";

/** What a receiver does with a request. Only `accept` and `slow` keep what is sent. */
export type LangfuseBehaviour =
  | { readonly kind: "accept" }
  | { readonly kind: "slow"; readonly delayMs: number }
  | { readonly kind: "refuse"; readonly status: number; readonly retryAfter?: string; readonly location?: string }
  /** Takes the request and never answers. */
  | { readonly kind: "hang" }
  | { readonly kind: "reset" };

/** A score as it arrived. */
export interface ReceivedScore {
  readonly id: string;
  readonly traceId: string;
  readonly observationId: string;
  readonly name: string;
  readonly value: number;
  readonly dataType: string;
  readonly environment: string;
}

const TRACES = "/api/public/otel/v1/traces";
const SCORES = "/api/public/scores";
const PROJECTS = "/api/public/projects";

/**
 * Stands in for Langfuse on loopback: it takes observations and scores with the right keys, and judges them by Langfuse's published OpenAPI
 * document. Spans are decoded by the published `.proto` files.
 */
export class LangfuseReceiver {
  static readonly publicKey = "pk-lf-5e0c11a4-1f0e-4f0c-9a64-3f6d0a0f7d10";
  static readonly secretKey = "sk-lf-9f1c77d2-86a4-4a63-8f2c-5b1d1b0c2e33";

  readonly spans: ReceivedSpan[] = [];
  readonly scores: ReceivedScore[] = [];
  /** Everything that arrived, kept or not: paths, header fields and bodies. */
  readonly raw: string[] = [];
  /** What Langfuse would not take, whatever it was told to do: keys, paths, headers, bodies. */
  readonly refusals: string[] = [];
  /** Requests that arrived, by path. */
  readonly requests: Record<string, number> = {};
  readonly #http = createServer((request, response) => void this.#answer(request, response));
  #behaviour: LangfuseBehaviour = { kind: "accept" };
  #times = Number.POSITIVE_INFINITY;

  /** Resolves when it listens. 0 takes a free port. */
  static async start(port = 0): Promise<LangfuseReceiver> {
    const receiver = new LangfuseReceiver();
    await new Promise<void>((resolve, reject) => {
      receiver.#http.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
    return receiver;
  }

  get port(): number {
    // It listens on a port, so it has an address of this kind.
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Does this with the next requests, as many as `times` says, and accepts those after them. */
  behave(behaviour: LangfuseBehaviour, times: number = Number.POSITIVE_INFINITY): void {
    this.#behaviour = behaviour;
    this.#times = times;
  }

  /** Ends at once, whatever is in flight. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeAllConnections();
    await closed;
  }

  #next(): LangfuseBehaviour {
    if (this.#times <= 0) return { kind: "accept" };
    this.#times -= 1;
    return this.#behaviour;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body: string;
    try {
      body = await text(request);
    } catch {
      // The client has gone before it had sent everything.
      return;
    }
    const path = request.url ?? "";
    this.requests[path] = (this.requests[path] ?? 0) + 1;
    this.raw.push(`${request.method} ${path}\n${JSON.stringify(withoutKeys(request))}\n${body}`);
    const behaviour = this.#next();
    if (behaviour.kind === "hang") return;
    if (behaviour.kind === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    if (behaviour.kind === "refuse") {
      const { status, retryAfter, location } = behaviour;
      response.writeHead(status, { ...(retryAfter && { "retry-after": retryAfter }), ...(location && { location }) });
      response.end('{"error":"as told"}');
      return;
    }
    if (behaviour.kind === "slow") await delay(behaviour.delayMs);
    const [status, content] = this.#take(request, path, body);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
  }

  #take(request: IncomingMessage, path: string, body: string): readonly [status: number, content: object] {
    const { publicKey, secretKey } = LangfuseReceiver;
    const expected = `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`;
    if (request.headers.authorization !== expected) return this.#refuse(401, "other keys");
    if (request.method === "GET" && path === PROJECTS) return [200, { data: [{ id: "p1", name: "demo" }] }];
    if (request.method !== "POST" || (path !== TRACES && path !== SCORES)) {
      return this.#refuse(404, `${request.method} ${path}`);
    }
    if (request.headers["content-type"] !== "application/json") return this.#refuse(400, "another content type");
    return this.#takeJson(request, path, body);
  }

  #takeJson(request: IncomingMessage, path: LangfusePath, body: string): readonly [status: number, content: object] {
    let content: unknown;
    try {
      content = JSON.parse(body);
    } catch (error) {
      return this.#refuse(400, String(error));
    }
    const problems = problemsOf(path, content);
    if (problems.length > 0) return this.#refuse(400, problems.join("; "));
    if (path === SCORES) {
      // The document has said what it is.
      this.scores.push(content as ReceivedScore);
      return [200, { id: (content as ReceivedScore).id }];
    }
    const version = request.headers["x-langfuse-ingestion-version"];
    if (version !== "4") return this.#refuse(400, `ingestion version ${String(version)}`);
    let spans: readonly ReceivedSpan[];
    try {
      spans = decoded(content);
    } catch (error) {
      return this.#refuse(400, `no OTLP: ${String(error)}`);
    }
    const malformed = spans.find((span) => !isWellIdentified(span));
    // Langfuse refuses the whole batch for one of them.
    if (malformed !== undefined) return this.#refuse(400, `ids of ${malformed.name}`);
    this.spans.push(...spans);
    return [200, {}];
  }

  #refuse(status: number, why: string): readonly [status: number, content: object] {
    this.refusals.push(`${status}: ${why}`);
    return [status, { error: why }];
  }
}

/** The key that opens it is no leak. */
function withoutKeys({ headers }: IncomingMessage): object {
  return { ...headers, authorization: headers.authorization?.split(" ", 1)[0] };
}

function isWellIdentified({ traceId, spanId, parentSpanId }: ReceivedSpan): boolean {
  const isId = (id: string, digits: number): boolean =>
    id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id);
  return isId(traceId, 32) && isId(spanId, 16) && (parentSpanId === undefined || isId(parentSpanId, 16));
}

/** OTLP in JSON differs from the mapping of protocol buffers in one thing: ids are hexadecimal digits, and no base64. */
function decoded(content: unknown): readonly ReceivedSpan[] {
  const service = OTLP_SERVICES.traces.export;
  const bytes = service.requestSerialize(withBinaryIds(content) as ProtoMessage);
  const message = service.requestDeserialize(Buffer.from(bytes));
  return spansOf({ signal: "traces", protocol: "http", path: TRACES, headers: {}, message });
}

function withBinaryIds(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withBinaryIds);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      /^(?:traceId|spanId|parentSpanId)$/.test(key) && typeof value === "string"
        ? Buffer.from(value, "hex")
        : withBinaryIds(value),
    ]),
  );
}
