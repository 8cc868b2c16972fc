import { type Caller, openCaller } from "./caller.ts";
import { fault, type Workload } from "./expectation.ts";
import { type CallWriter, callWriter, type McpSession, sequenceDigits } from "./mcp-session.ts";

/** How to load a server. */
export interface LoadRequest {
  readonly session: McpSession;
  readonly workload: Workload;
  /** Calls that are always in flight, each on its own connection. */
  readonly inFlight: number;
  readonly seconds: number;
  /** Goes on until so many calls were answered, however long that takes. */
  readonly calls?: number;
}

/** What a closed loop saw; every call that is counted was answered, and its id and content were verified. */
export interface LoadResult {
  readonly calls: number;
  /** Seconds from the first request to the last answer. */
  readonly seconds: number;
  /** Latency of each call in milliseconds, ascending. */
  readonly latenciesMs: Float64Array;
}

let nextSequence = 10 ** (sequenceDigits - 1);

/**
 * Keeps a number of calls in flight for some seconds: each connection sends its next call when the last is answered.
 * @throws Error on the first answer that is missing, wrong or another call's: figures of a faulty run mean nothing.
 */
export async function runClosedLoop(request: LoadRequest): Promise<LoadResult> {
  const { session, workload, inFlight, seconds, calls = 0 } = request;
  const callers = await Promise.all(Array.from({ length: inFlight }, () => openCaller(session)));
  const writer = callWriter(session, workload.tool, workload.argumentsJson);
  const latencies: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const goesOn = (nowMs: number): boolean => nowMs < endMs || latencies.length < calls;
  try {
    await Promise.all(callers.map((caller) => loop({ caller, writer, workload, latencies, goesOn })));
  } finally {
    for (const caller of callers) caller.close();
  }
  return {
    calls: latencies.length,
    seconds: (performance.now() - startMs) / 1_000,
    latenciesMs: Float64Array.from(latencies).sort(),
  };
}

interface Loop {
  readonly caller: Caller;
  readonly writer: CallWriter;
  readonly workload: Workload;
  readonly latencies: number[];
  readonly goesOn: (nowMs: number) => boolean;
}

function loop({ caller, writer, workload, latencies, goesOn }: Loop): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const sequence = nextSequence++;
      const sentMs = performance.now();
      caller.call(writer.request(sequence), sequence, (answer) => {
        const nowMs = performance.now();
        const wrong = answer instanceof Error ? answer.message : fault(workload, sequence, answer);
        if (wrong !== undefined) {
          reject(new Error(`call ${sequence} of ${workload.tool} failed: ${wrong}`));
          return;
        }
        latencies.push(nowMs - sentMs);
        if (goesOn(nowMs)) next();
        else resolve();
      });
    };
    next();
  });
}
