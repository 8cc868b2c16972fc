/** Arguments of `hangar_call`. */
export interface Batch {
  readonly calls: readonly BatchItem[];
  readonly timeout?: number;
  readonly fail_fast?: boolean;
}

interface BatchItem {
  readonly server: string;
  readonly tool: string;
  readonly arguments?: object;
}

/** A batch as agents send them: mostly a few quick calls, now and then one that fails, gives up early or runs out of time. */
export function someBatch(): Batch {
  const calls = Array.from({ length: 2 + Math.floor(Math.random() * 9) }, quickItem);
  const kind = Math.random();
  if (kind < 0.8) return { calls };
  if (kind < 0.94) return { calls: [...calls, { server: "tickets", tool: "is_error" }] };
  if (kind < 0.97) return { calls: [...calls, { server: "tickets", tool: "is_error" }], fail_fast: true };
  return { calls: [...calls, { server: "search", tool: "sleep", arguments: { ms: 2_500 } }], timeout: 1 };
}

function quickItem(): BatchItem {
  return Math.random() < 0.5
    ? { server: "everything", tool: "echo", arguments: { message: "hello" } }
    : { server: "search", tool: "sleep", arguments: { ms: 20 + Math.random() * 120 } };
}
