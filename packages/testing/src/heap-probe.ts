import { poll } from "./poll.ts";

/** Looks at the heap of a Node.js process that was started with `--inspect`. */
export interface HeapProbe extends Disposable {
  /**
   * Bytes of objects that are still in use after everything else was collected. Code that V8 has compiled does not count: it compiles
   * the same functions again as they get warmer, for hundreds of clients, and keeps nothing of theirs in it.
   */
  liveBytes(): Promise<number>;
}

/** Bytes in use of all spaces of the heap but those of code, as an expression for the process. */
const OBJECT_BYTES = `process.getBuiltinModule("v8").getHeapSpaceStatistics()
  .filter(({ space_name: name }) => !/code|trusted|read_only/.test(name))
  .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0)`;

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
  return {
    async liveBytes() {
      for (let count = 0; count < COLLECTIONS; count++) await ask("HeapProfiler.collectGarbage");
      const { result } = await ask("Runtime.evaluate", { expression: OBJECT_BYTES, returnByValue: true });
      const { value } = result as { readonly value?: unknown };
      if (typeof value !== "number") throw new Error(`the process does not tell its heap: ${JSON.stringify(result)}`);
      return value;
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
