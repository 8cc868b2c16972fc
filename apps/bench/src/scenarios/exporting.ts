import { type Contender, startHangar } from "../gateways/contenders.ts";
import type { Launched } from "../processes/launch.ts";
import { type SinkBehaviour, startSink } from "../sinks/sink.ts";
import { withLean } from "../upstreams/lean.ts";
import type { ScenarioContext } from "./scenario.ts";

/** Exporters that a gateway has on; none if it is empty. */
export interface Exporting {
  /** Part of the traces that is recorded; absent for no tracing. */
  readonly tracing?: number;
  readonly audit?: boolean;
  readonly langfuse?: boolean;
  /** What the destination of all of them does; `accept` if absent. */
  readonly sink?: SinkBehaviour;
}

/** Everything that leaves over the network, and all of it. */
export const EVERYTHING: Exporting = { tracing: 1, audit: true, langfuse: true };

/** A gateway and where its telemetry goes. */
export interface ExportingContender extends Contender {
  readonly sink: Launched;
}

/**
 * Starts a gateway for each name in fresh processes, each with a sink of its own, in front of one lean HTTP server, and stops all of them
 * whatever happened. `started` is told of each before the next is started.
 */
export function withExporting<T>(
  { options, progress }: ScenarioContext,
  wanted: Readonly<Record<string, Exporting>>,
  measure: (contenders: readonly ExportingContender[]) => Promise<T>,
  started: (contender: ExportingContender) => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  return withLean(options, async (lean) => {
    const stops: (() => Promise<void>)[] = [];
    try {
      const contenders: ExportingContender[] = [];
      for (const [name, exporting] of Object.entries(wanted)) {
        progress(`starting ${name}`);
        const sink = await startSink(exporting.sink ?? "accept");
        stops.push(() => sink.stop());
        const upstream = { kind: "http", endpoint: `${lean.url}/mcp` } as const;
        const observability = observabilityOf(exporting, sink.url);
        const gateway = await startHangar(upstream, { fromSources: options.fromSources, observability });
        stops.unshift(() => gateway.process.stop());
        const contender = { ...gateway, name, sink };
        await started(contender);
        contenders.push(contender);
      }
      return await measure(contenders);
    } finally {
      await Promise.all(stops.map((stop) => stop()));
    }
  });
}

function observabilityOf({ tracing, audit = false, langfuse = false }: Exporting, endpoint: string): object {
  return {
    ...(tracing !== undefined && { tracing: { endpoint, sample_rate: tracing } }),
    ...(audit && { otlp_audit: { endpoint } }),
    ...(langfuse && {
      langfuse: { enabled: true, host: endpoint, public_key: "pk-lf-bench", secret_key: "sk-lf-bench" },
    }),
  };
}
