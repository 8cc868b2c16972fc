import type { Command } from "@mcp-hangar/testing";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolResultSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  TaskStatusNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { bearer } from "./secured-gateway.ts";

/** A task as the official client reads it. */
export type Task = Awaited<ReturnType<Client["experimental"]["tasks"]["getTask"]>>;

/** The official client that can use tasks (SDK v1), with somebody at it who says their name when a server asks. */
export interface TaskClient extends AsyncDisposable {
  readonly client: Client;
  readonly tasks: Client["experimental"]["tasks"];
  /** Statuses of tasks that were told, oldest first. */
  readonly told: readonly { readonly taskId: string; readonly status: string }[];
  /** `_meta` of the questions that were put. */
  readonly asked: readonly unknown[];
  /** Progress of calls that were begun with `progress`. */
  readonly progress: readonly unknown[];
  /** Calls a tool as a task. */
  begin(name: string, args?: Record<string, unknown>, options?: { ttl?: number; progress?: boolean }): Promise<Task>;
  /** Waits for the text of what a task has answered. */
  result(taskId: string): Promise<string>;
  names(): Promise<readonly string[]>;
  /** Ends the session at once. */
  leave(): Promise<void>;
}

/** What a client is like. */
interface Manner {
  /** By which it proves who is behind it. */
  readonly key?: string;
  readonly name?: string;
  /** Whether nobody can be asked anything. */
  readonly isMute?: boolean;
  /** Whether it opens no stream for what servers say unasked. */
  readonly isDeaf?: boolean;
}

export async function taskClient(address: string | Command, manner: Manner = {}): Promise<TaskClient> {
  const { key, name = "ann", isMute = false, isDeaf = false } = manner;
  const client = new Client({ name, version: "1.0.0" }, { capabilities: isMute ? {} : { elicitation: { form: {} } } });
  const told: Task[] = [];
  const asked: unknown[] = [];
  const progress: unknown[] = [];
  client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => void told.push(params as Task));
  if (!isMute) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params._meta);
      return { action: "accept", content: { name, interpretation: "snake" } };
    });
  }
  const deaf: typeof fetch = async (input, init) =>
    isDeaf && (init?.method ?? "GET") === "GET" ? new Response(null, { status: 405 }) : await fetch(input, init);
  const transport =
    typeof address === "string"
      ? new StreamableHTTPClientTransport(new URL(address), {
          requestInit: { headers: key === undefined ? {} : bearer(key) },
          fetch: deaf,
        })
      : new StdioClientTransport({ ...address, args: [...address.args], env: { ...address.env }, stderr: "ignore" });
  // The SDK's class and interface disagree about `undefined` under exactOptionalPropertyTypes only.
  await client.connect(transport as Transport);
  const leave = async (): Promise<void> => {
    // The gateway may have ended before.
    if ("terminateSession" in transport) await transport.terminateSession().catch(() => undefined);
    await client.close();
  };
  return {
    client,
    tasks: client.experimental.tasks,
    told,
    asked,
    progress,
    async begin(tool, args = {}, { ttl, progress: isWanted = false } = {}) {
      const params = { name: tool, arguments: args };
      const { task } = await client.request({ method: "tools/call", params }, CreateTaskResultSchema, {
        task: ttl === undefined ? {} : { ttl },
        ...(isWanted && { onprogress: (seen) => void progress.push(seen) }),
      });
      return task;
    },
    async result(taskId) {
      const [first] = (await client.experimental.tasks.getTaskResult(taskId, CallToolResultSchema)).content;
      return first?.type === "text" ? first.text : "";
    },
    names: async () => (await client.listTools()).tools.map(({ name: tool }) => tool).sort(),
    leave,
    [Symbol.asyncDispose]: leave,
  };
}
