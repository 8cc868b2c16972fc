import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { z } from "zod";
import { LineSplitter } from "../../transports/stdio/line-splitter.ts";
import type { ClusterAccess } from "./kubernetes-access.ts";
import { readJson } from "./read-body.ts";

/** What is listed and watched: the services or pods of one namespace, or of all. */
export interface Collection {
  readonly resource: "services" | "pods";
  /** All namespaces, when absent. */
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
}

/** A collection at one moment. */
export interface Listing {
  readonly items: readonly unknown[];
  /** From where on a watch tells what changed. */
  readonly resourceVersion: string;
}

/** One change, as a watch tells it. */
export interface Change {
  readonly type: string;
  readonly object: unknown;
}

/** Objects a page: small enough for the API server, and few pages for a large cluster. */
const PAGE_ITEMS = 250;
/** Objects in one collection; a label selector makes larger ones smaller. */
const ITEMS_MAX = 20_000;
/** Bytes of one page: an object cannot be larger than 1.5 MB, and is a few kB in practice. */
const PAGE_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of one change. */
const CHANGE_BYTES_MAX = 4 * 1024 * 1024;
/** Seconds after which the API server ends a watch, so that none hangs for ever. */
const WATCH_SECONDS = 300;
/** Milliseconds without an answer, or without a word on a watch, after which a connection is taken for dead. */
const SILENCE_MS = (WATCH_SECONDS + 30) * 1_000;
const GONE = 410;

/** The API answered with an error. */
export class KubernetesError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const page = z.object({
  metadata: z
    .object({ resourceVersion: z.string().default(""), continue: z.string().nullish() })
    .default({ resourceVersion: "" }),
  items: z.array(z.unknown()).nullable(),
});

const change = z.object({ type: z.string(), object: z.unknown() });
const failure = z.object({ code: z.number().optional(), message: z.string().optional() });

/** Lists a collection, page by page. @throws Error that says what happened and what to do */
export async function list(access: ClusterAccess, collection: Collection, signal: AbortSignal): Promise<Listing> {
  try {
    return await listPages(access, collection, signal);
  } catch (error) {
    // The pages are of one moment, which the API server remembers for some minutes only.
    if (!(error instanceof KubernetesError) || error.status !== GONE) throw error;
    return listPages(access, collection, signal);
  }
}

async function listPages(access: ClusterAccess, collection: Collection, signal: AbortSignal): Promise<Listing> {
  const items: unknown[] = [];
  let continueToken: string | undefined;
  for (;;) {
    const query = { limit: String(PAGE_ITEMS), ...(continueToken && { continue: continueToken }) };
    const body = await ask(access, collection, { query, signal }, (stream) =>
      readJson(stream, { bytesMax: PAGE_BYTES_MAX, signal }),
    );
    const parsed = page.safeParse(body);
    if (!parsed.success)
      throw new Error(`${access.server} gave no list of ${collection.resource}. Is it a cluster's API?`);
    items.push(...(parsed.data.items ?? []));
    if (items.length > ITEMS_MAX) {
      throw new Error(
        `there are more than ${ITEMS_MAX} ${collection.resource}: narrow them down with namespaces or label_selector`,
      );
    }
    const { resourceVersion, continue: next } = parsed.data.metadata;
    if (next === undefined || next === null || next === "") return { items, resourceVersion };
    if (next === continueToken)
      throw new Error(`${access.server} gives the same page of ${collection.resource} again and again`);
    continueToken = next;
  }
}

/**
 * Follows a collection from a moment on. Resolves when the API server ends the watch, as it does every few minutes.
 * @throws KubernetesError 410 when the moment is too long ago: list again
 */
export async function watch(
  access: ClusterAccess,
  collection: Collection,
  from: { readonly resourceVersion: string; readonly signal: AbortSignal; readonly onChange: (change: Change) => void },
): Promise<void> {
  const { resourceVersion, signal, onChange } = from;
  const query = { watch: "true", resourceVersion, timeoutSeconds: String(WATCH_SECONDS) };
  await ask(access, collection, { query, signal }, async (stream) => {
    let failed: Error | undefined;
    const lines = new LineSplitter(CHANGE_BYTES_MAX, (line, truncated) => {
      if (failed !== undefined || line.length === 0) return;
      const read = truncated ? undefined : change.safeParse(parse(line));
      if (read?.success !== true) failed = new Error("a watch told a change that cannot be read");
      else if (read.data.type === "ERROR") failed = statusError(read.data.object);
      else onChange(read.data);
    });
    for await (const chunk of stream) {
      lines.push(chunk as Buffer);
      if (failed !== undefined) throw failed;
    }
  });
}

/** Sends one request with the credentials of the access, and reads its answer; the connection ends with it. */
async function ask<Result>(
  access: ClusterAccess,
  collection: Collection,
  { query, signal }: { readonly query: Readonly<Record<string, string>>; readonly signal: AbortSignal },
  read: (body: Readable) => Promise<Result>,
): Promise<Result> {
  // Loaded when a cluster is asked: undici takes a good part of what an idle gateway holds.
  const { Agent, request } = await import("undici");
  signal.throwIfAborted();
  const url = urlOf(access.server, collection, query);
  const context = new access.client.RequestContext(url.href, access.client.HttpMethod.GET);
  let dispatcher: Dispatcher | undefined;
  try {
    await access.config.applySecurityAuthentication(context);
    // The client makes a pool for each request, and leaves it to us to end it.
    dispatcher = (context.getDispatcher() as Dispatcher | undefined) ?? new Agent();
    const { statusCode, body } = await request(url, {
      method: "GET",
      headers: { ...headersOf(context.getHeaders()), accept: "application/json" },
      dispatcher,
      signal,
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
    });
    if (statusCode !== 200) throw await refusal(statusCode, body, { access, collection, signal });
    return await read(body);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof KubernetesError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the API of the cluster at ${access.server} could not be asked: ${reason}`, { cause: error });
  } finally {
    await dispatcher?.destroy();
  }
}

/** A token is read as its file is written, which may end in a line break. */
function headersOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim()]));
}

function urlOf(
  server: string,
  { resource, namespace, labelSelector }: Collection,
  query: Readonly<Record<string, string>>,
): URL {
  const within = namespace === undefined ? "" : `namespaces/${encodeURIComponent(namespace)}/`;
  const url = new URL(`${server}/api/v1/${within}${resource}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  if (labelSelector !== undefined) url.searchParams.set("labelSelector", labelSelector);
  return url;
}

interface Refused {
  readonly access: ClusterAccess;
  readonly collection: Collection;
  readonly signal: AbortSignal;
}

/** Bytes of an error that are read. */
const ERROR_BYTES_MAX = 64 * 1024;

async function refusal(
  status: number,
  body: Readable,
  { access, collection, signal }: Refused,
): Promise<KubernetesError> {
  const content = await readJson(body, { bytesMax: ERROR_BYTES_MAX, signal }).catch(() => undefined);
  const said = failure.safeParse(content).data?.message?.slice(0, 500) ?? "no reason given";
  return new KubernetesError(status, explain(status, said, { server: access.server, collection }));
}

function explain(
  status: number,
  said: string,
  { server, collection }: { server: string; collection: Collection },
): string {
  const { resource, namespace } = collection;
  switch (status) {
    case 401:
      return `the cluster at ${server} does not accept the credentials (401: ${said}). Renew the token or certificate`;
    case 403: {
      const role = namespace === undefined ? "a ClusterRole" : `a Role in the namespace ${namespace}`;
      return `the gateway may not list ${resource} (403: ${said}). Give its account ${role} with the verbs list and watch on ${resource}`;
    }
    default:
      return `the cluster at ${server} refuses to list ${resource} (${status}: ${said})`;
  }
}

function statusError(object: unknown): KubernetesError {
  const { code = 0, message = "no reason given" } = failure.safeParse(object).data ?? {};
  return new KubernetesError(code, `the watch was ended (${code}: ${message.slice(0, 500)})`);
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}
