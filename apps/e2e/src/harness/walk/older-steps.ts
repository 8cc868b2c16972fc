import type { HttpGateway } from "../gateway-process.ts";
import { type Headers, openAndLeave, SERVER, type Step } from "./step.ts";

/** A stream of HTTP+SSE, as far as a walk needs it. */
interface OlderStream {
  /** Where messages go. */
  readonly messages: string;
  /** Waits for what comes next. */
  next(): Promise<unknown>;
  leave(): void;
}

async function openStream(url: string, headers: Headers): Promise<OlderStream | undefined> {
  const left = new AbortController();
  const response = await fetch(url, { headers, signal: left.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader?.read();
  if (response.status !== 200) return undefined;
  const path = /^data: (\S+)$/m.exec(first?.value ?? "")?.[1] ?? "";
  return { messages: new URL(path, url).href, next: async () => reader?.read(), leave: () => left.abort() };
}

/** A client of HTTP+SSE at one endpoint, from its stream to the end of that. */
export function olderSteps(gateway: HttpGateway, server?: string): readonly Step[] {
  const url = gateway.mcpUrl(server).replace(/mcp$/, "sse");
  const prefix = server === undefined ? `${SERVER}__` : "";
  let stream: OlderStream | undefined;
  const send = async (body: string, headers: Headers): Promise<void> => {
    const to = stream?.messages ?? url.replace(/sse$/, "messages");
    const init = { method: "POST", headers: { ...headers, "content-type": "application/json" }, body };
    const { status } = await fetch(to, init);
    if (status === 202) await stream?.next();
  };
  const ask =
    (method: string, params: object): Step["act"] =>
    (headers) =>
      send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }), headers);
  const step = (what: string, facts: readonly string[], act: Step["act"]): Step => ({
    what: `${what} over HTTP+SSE at ${server ?? "the aggregate"}`,
    permission: "tools:call",
    ...(server !== undefined && { server }),
    act,
    facts: ({ name }) => facts.map((fact) => `${fact} ${name}`),
  });
  const params = { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "walker", version: "1.0.0" } };
  const call = (name: string): Step["act"] => ask("tools/call", { name: prefix + name, arguments: {} });
  return [
    step("the stream", [], async (headers) => {
      stream = await openStream(url, headers);
    }),
    step("initialize", ["session.opened", "request.finished initialize"], ask("initialize", params)),
    step("tools/list", ["request.finished tools/list"], ask("tools/list", {})),
    step("a call", ["call.finished"], call("test_simple_text")),
    step("a call of no tool", ["call.finished"], call("no_such_tool")),
    step("no JSON", ["request.finished _other"], (headers) => send("{", headers)),
    step("the end", ["session.closed"], async (headers) => {
      if (stream === undefined) await openAndLeave(url, { headers });
      else stream.leave();
    }),
    step("a message after the end", ["request.finished _other"], async (headers) => {
      // The gateway learns of the end of a stream a moment later.
      await send("{", headers);
    }),
    step("a POST in place of a stream", ["request.finished _other"], async (headers) => {
      await fetch(url, { method: "POST", headers });
    }),
  ];
}
