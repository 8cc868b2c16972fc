import { fileURLToPath } from "node:url";
import { type Launched, launch } from "../processes/launch.ts";

/** What a sink does with an export: takes it, never answers, or says 503. */
export type SinkBehaviour = "accept" | "hang" | "unavailable";

/** Starts a process that stands for a collector and for Langfuse. */
export function startSink(behaviour: SinkBehaviour): Promise<Launched> {
  const args = [fileURLToPath(new URL("telemetry-sink.ts", import.meta.url)), `--behaviour=${behaviour}`];
  return launch({ name: `sink-${behaviour}`, args });
}

/** What has arrived at a sink so far. */
export async function receivedBy({ url }: Launched): Promise<{ readonly requests: number; readonly bytes: number }> {
  const answer = await fetch(`${url}/received`);
  return (await answer.json()) as { readonly requests: number; readonly bytes: number };
}
