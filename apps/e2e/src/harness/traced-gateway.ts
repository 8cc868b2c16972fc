import { SOURCE_CONDITION } from "@mcp-hangar/testing";
import { OtlpReceiver, type ReceivedSpan } from "@mcp-hangar/testing/otlp";
import { type HttpGateway, startGateway } from "./gateway-process.ts";
import { agentContext } from "./span-tree.ts";
import { nodeServer, startFixture, startFixtureWith } from "./upstreams.ts";
import { modernRequest, type RpcAnswer, type RpcMessage } from "./wire-client.ts";
import { fixtureFile } from "./workspace.ts";

/** A gateway in front of servers of every kind, with a receiver that its spans go to. Disposing ends all of them. */
export interface TracedGateway extends AsyncDisposable {
  readonly gateway: HttpGateway;
  readonly receiver: OtlpReceiver;
  /** The trace context of an agent, with a trace of its own each time. */
  newAgent(): ReturnType<typeof agentContext>;
  /** Calls a tool of the aggregate, with that `_meta`. */
  call(name: string, args: object, meta: object, headers?: Readonly<Record<string, string>>): Promise<RpcAnswer>;
}

/**
 * Servers: `pipe`, `trusted` (which may have baggage) and `http` misbehave as they are told, `lost` does not start, `pool` is a group of
 * one that does not start and one that does, and `traced_pipe` and `traced_http` continue the trace.
 */
export async function startTracedGateway(): Promise<TracedGateway> {
  await using cleanup = new AsyncDisposableStack();
  const receiver = await OtlpReceiver.start();
  cleanup.defer(() => receiver.close());
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl };
  const http = cleanup.use(await startFixture("misbehaving/http.ts"));
  const traced = cleanup.use(await startFixtureWith(env, "traced/main.ts", "http"));
  const stdio = nodeServer(fixtureFile("misbehaving/stdio.ts"));
  const lost = { ...nodeServer(fixtureFile("misbehaving/stdio.ts"), "--refuse"), max_consecutive_failures: 100 };
  const tracedStdio = { ...stdio, args: [SOURCE_CONDITION, fixtureFile("traced/main.ts")], env };
  const members = [
    { id: "first", priority: 1 },
    { id: "second", priority: 2 },
  ];
  const gateway = cleanup.use(
    await startGateway(
      {
        mcp_servers: {
          pipe: stdio,
          trusted: stdio,
          http: { mode: "remote", endpoint: http.url },
          lost,
          first: lost,
          second: stdio,
          pool: { mode: "group", strategy: "priority", members },
          traced_pipe: tracedStdio,
          traced_http: { mode: "remote", endpoint: traced.url },
        },
        observability: { tracing: { baggage_to: ["trusted"], args_hash_key: "a key for this test" } },
      },
      { ...env, OTEL_BSP_SCHEDULE_DELAY: "50" },
    ),
  );
  const owned = cleanup.move();
  let agents = 0;
  return {
    gateway,
    receiver,
    newAgent: () => agentContext(++agents),
    call: (name, args, meta, headers = {}) =>
      modernRequest(gateway.mcpUrl(), "tools/call", { name, arguments: args, _meta: meta }, { headers }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The span of that kind and name. Throws when there is another number of them. */
export function onlySpan(spans: readonly ReceivedSpan[], kind: string, name?: string): ReceivedSpan {
  const found = spans.filter((span) => span.kind === `SPAN_KIND_${kind}` && (name === undefined || span.name === name));
  if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} spans ${kind} ${name}`);
  return found[0];
}

/** Whether the request that the gateway served has ended, and with it everything beneath it. */
export function isServed(spans: readonly ReceivedSpan[]): boolean {
  return spans.some(({ kind }) => kind === "SPAN_KIND_SERVER");
}

/** The `_meta` that the server of each item of a batch was sent, in the order of the items, which called `meta`. */
export function metaOfItems({ result }: RpcMessage): readonly Readonly<Record<string, unknown>>[] {
  // The shape that the schema of `hangar_call` declares, of a fixture that answers with JSON.
  const { results } = (result as { structuredContent: { results: { result: { content: { text: string }[] } }[] } })
    .structuredContent;
  return results.map((item) => JSON.parse(item.result.content[0]?.text ?? "") as Readonly<Record<string, unknown>>);
}
