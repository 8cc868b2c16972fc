import { poll } from "./poll.ts";

/** Looks at the heap of a Node.js process that was started with `--inspect`. */
export interface HeapProbe extends Disposable {
  /**
   * Bytes of objects that are still in use after everything else was collected. Code that V8 has compiled does not count: it compiles
   * the same functions again as they get warmer, for hundreds of clients, and keeps nothing of theirs in it.
   */
  liveBytes(): Promise<number>;
  /** Bytes of objects of the old generation, in use or not: those that outlived collections of the young one since the last of the old. */
  oldBytes(): Promise<number>;
}

/** Bytes in use of the spaces of the heap that a test finds, as an expression for the process. */
const bytesOf = (test: string): string => `process.getBuiltinModule("v8").getHeapSpaceStatistics()
  .filter(({ space_name: name }) => ${test})
  .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0)`;
const OBJECT_BYTES = bytesOf("!/code|trusted|read_only/.test(name)");
const OLD_BYTES = bytesOf('name === "old_space"');

/** Node.js tells where its inspector listens in the first lines of stderr. */
const LISTENING = /Debugger listening on (ws:\S+)/;
/** One collection leaves what finalizers let go of to the next. */
const COLLECTIONS = 3;

/** Connects to the inspector of a process, whose stderr so far is asked for until it tells where that is. */
export async function heapProbe(stderr: () => string): Promise<HeapProbe> {
  const url = await poll("the inspector", () => LISTENING.exec(stderr())?.[1]);
  const socket = new WebSocket(url);
  const waiting = new Map<number, (result: Readonly<Record<string, unknown>>) => void>();
  socket.addEventListener("message", ({ data }) => {
    // The inspector speaks JSON: answers carry the id of what they answer.
    const { id, result } = JSON.parse(String(data)) as { id: number; result: Readonly<Record<string, unknown>> };
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error(`no inspector at ${url}`)), { once: true });
  });
  let lastId = 0;
  const ask = (method: string, params = {}): Promise<Readonly<Record<string, unknown>>> =>
    new Promise((resolve) => {
      waiting.set(++lastId, resolve);
      socket.send(JSON.stringify({ id: lastId, method, params }));
    });
  const bytes = async (expression: string): Promise<number> => {
    const { result } = await ask("Runtime.evaluate", { expression, returnByValue: true });
    const { value } = result as { readonly value?: unknown };
    if (typeof value !== "number") throw new Error(`the process does not tell its heap: ${JSON.stringify(result)}`);
    return value;
  };
  return {
    async liveBytes() {
      for (let count = 0; count < COLLECTIONS; count++) await ask("HeapProfiler.collectGarbage");
      return bytes(OBJECT_BYTES);
    },
    oldBytes: () => bytes(OLD_BYTES),
    [Symbol.dispose]: () => socket.close(),
  };
}
