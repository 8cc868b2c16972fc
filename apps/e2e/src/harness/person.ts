import { setTimeout as delay } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolResultSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { bearer } from "./secured-gateway.ts";

/** A person at an official client, who says their name when a server asks, and has a folder of their own. */
export interface Person extends AsyncDisposable {
  readonly client: Client;
  /** The text of what a tool answers. */
  use(tool: string, text?: string, signal?: AbortSignal): Promise<string>;
  /** How often they were asked who they are. */
  readonly asked: () => number;
  /** Log messages that came. */
  readonly logs: readonly unknown[];
  /** URIs of resources that were told to have changed. */
  readonly updates: readonly string[];
}

/** What a person is like. */
interface Manner {
  /** By which they prove who they are. */
  readonly key?: string;
  /** Milliseconds after which they answer. */
  readonly thinksFor?: number;
}

/** Connects a person. */
export async function person(url: string, name: string, { key, thinksFor = 0 }: Manner = {}): Promise<Person> {
  const capabilities = { elicitation: { form: {} }, roots: { listChanged: true } };
  const client = new Client({ name, version: "1.0.0" }, { capabilities });
  let asked = 0;
  const logs: unknown[] = [];
  const updates: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, async () => {
    asked += 1;
    await delay(thinksFor);
    return { action: "accept", content: { name, response: name } };
  });
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: `file:///${name}` }] }));
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logs.push(params.data));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updates.push(params.uri));
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: key === undefined ? {} : bearer(key) },
  });
  // The SDK's class and interface disagree about `undefined` under exactOptionalPropertyTypes only.
  await client.connect(transport as Transport);
  return {
    client,
    asked: () => asked,
    logs,
    updates,
    async use(tool, text = "", signal) {
      const result = await client.request(
        { method: "tools/call", params: { name: tool, arguments: { text, message: text } } },
        CallToolResultSchema,
        signal && { signal },
      );
      const [first] = result.content;
      return first?.type === "text" ? first.text : "";
    },
    async [Symbol.asyncDispose]() {
      // The gateway may have ended before.
      await transport.terminateSession().catch(() => undefined);
      await client.close();
    },
  };
}
