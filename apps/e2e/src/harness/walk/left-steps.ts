import type { HttpGateway } from "../gateway-process.ts";
import { modernHead } from "../wire-client.ts";
import { type Headers, SERVER, type Step } from "./step.ts";

const LEGACY = "2025-11-25";
const BATCHING = "2025-03-26";
const OWN = { accept: "application/json, text/event-stream", "content-type": "application/json" };
/** Says that it has begun, and does not end by itself. */
const ENDLESS = `${SERVER}__test_until_cancelled`;
/** Says that it has begun, and ends. */
const SHORT = `${SERVER}__test_tool_with_progress`;

/** How many of {@link leftSteps} end with a call that was cancelled. */
export const CANCELLED_CALLS = 2;

/** A session that sends what it wants. */
class Session {
  readonly #url: string;
  readonly #version: string;
  #id = "none";

  constructor(url: string, version: string) {
    this.#url = url;
    this.#version = version;
  }

  /** Sends a message or several, and resolves to the answer when it begins. */
  send(body: unknown, headers: Headers, signal?: AbortSignal): Promise<Response> {
    const own = { "mcp-session-id": this.#id, "mcp-protocol-version": this.#version };
    const init = { method: "POST", headers: { ...headers, ...OWN, ...own }, body: JSON.stringify(body) };
    return fetch(this.#url, { ...init, ...(signal && { signal }) });
  }

  async open(headers: Headers): Promise<void> {
    const params = { protocolVersion: this.#version, capabilities: {}, clientInfo: { name: "left", version: "1.0.0" } };
    const opened = await this.send({ jsonrpc: "2.0", id: "open", method: "initialize", params }, headers);
    await opened.text();
    this.#id = opened.headers.get("mcp-session-id") ?? "none";
  }

  async end(headers: Headers): Promise<void> {
    await (await fetch(this.#url, { method: "DELETE", headers: { ...headers, "mcp-session-id": this.#id } })).text();
  }
}

/** Calls that end before their answer, in both eras, and batches as old revisions have them. */
export function leftSteps(gateway: HttpGateway): readonly Step[] {
  const url = gateway.mcpUrl();
  const step = (what: string, facts: readonly string[], act: Step["act"]): Step => {
    return { what, permission: "tools:call", act, facts: ({ name }) => facts.map((fact) => `${fact} ${name}`) };
  };
  return [...modernSteps(url, step), ...cancelSteps(new Session(url, LEGACY), step), ...batchSteps(url, step)];
}

type MakeStep = (what: string, facts: readonly string[], act: Step["act"]) => Step;

function modernSteps(url: string, step: MakeStep): readonly Step[] {
  return [
    step("a call whose client leaves in the modern era", ["call.finished"], async (headers) => {
      const left = new AbortController();
      const { params, headers: own } = modernHead("tools/call", paramsOf(ENDLESS));
      const body = JSON.stringify({ jsonrpc: "2.0", id: "left", method: "tools/call", params });
      const init = { method: "POST", headers: { ...headers, ...OWN, ...own }, body, signal: left.signal };
      await begun(await fetch(url, init));
      left.abort();
    }),
  ];
}

function cancelSteps(session: Session, step: MakeStep): readonly Step[] {
  const call = (id: string, name: string): object => {
    return { jsonrpc: "2.0", id, method: "tools/call", params: paramsOf(name) };
  };
  return [
    step("a session in which calls end early", ["session.opened", "request.finished initialize"], (headers) =>
      session.open(headers),
    ),
    step("a call that is cancelled in the legacy era", ["call.finished"], async (headers) => {
      const answer = await session.send(call("cancelled", ENDLESS), headers);
      const reading = await begun(answer);
      // Who was not let in has nothing to cancel.
      if (!answer.ok) return;
      const params = { requestId: "cancelled", reason: "the walk goes on" };
      await (await session.send({ jsonrpc: "2.0", method: "notifications/cancelled", params }, headers)).text();
      await reading?.cancel();
    }),
    step("a call whose client leaves in the legacy era", ["call.finished"], async (headers) => {
      const left = new AbortController();
      await begun(await session.send(call("left", SHORT), headers, left.signal));
      left.abort();
    }),
    step("the end of that session", ["session.closed"], (headers) => session.end(headers)),
  ];
}

function batchSteps(url: string, step: MakeStep): readonly Step[] {
  const session = new Session(url, BATCHING);
  const send = (messages: readonly object[]) => async (headers: Headers) => {
    await (await session.send(messages, headers)).text();
  };
  const message = (id: string | undefined, method: string): object => {
    return { jsonrpc: "2.0", ...(id !== undefined && { id }), method, params: {} };
  };
  const other = "request.finished _other";
  return [
    step("a session of an old revision", ["session.opened", "request.finished initialize"], (headers) =>
      session.open(headers),
    ),
    step(
      "a batch of what is answered, what is not, and what cannot be read",
      [other, other, "request.finished tools/list"],
      send([message("1", "ping"), message(undefined, "tools/call"), { no: "message" }, message("2", "tools/list")]),
    ),
    step("a batch of calls without ids", [other, other], send([1, 2].map(() => message(undefined, "tools/call")))),
    step("a handshake in a batch", ["request.finished initialize"], send([message("3", "initialize")])),
    step("the end of the session with batches", ["session.closed"], (headers) => session.end(headers)),
    step("a batch after the end", [other], send([message("4", "tools/list")])),
  ];
}

function paramsOf(name: string): { readonly name: string; readonly [field: string]: unknown } {
  return { name, arguments: {}, _meta: { progressToken: "begun" } };
}

/** Waits until something of the answer has come: a call that has begun says so. */
async function begun({ body }: Response): Promise<ReadableStreamDefaultReader<Uint8Array> | undefined> {
  const reader = body?.getReader();
  await reader?.read();
  return reader;
}
