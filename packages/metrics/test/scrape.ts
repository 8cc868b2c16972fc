import { type GatewaySnapshot, type HangarEvent, type ServerSnapshot, TelemetryBus } from "@mcp-hangar/telemetry";
import { createMetrics, type Metrics, type MetricsOptions } from "../src/index.ts";
import { gatewaySnapshot } from "./fleet.ts";
import { type ParsedFamily, parseOpenMetrics, sampleValue } from "./open-metrics.ts";

export interface TestGateway {
  readonly bus: TelemetryBus;
  readonly metrics: Metrics;
  /** What the next scrape reads. */
  snapshot: GatewaySnapshot;
  readonly emit: (...events: readonly HangarEvent[]) => void;
  readonly scrape: () => Promise<Scrape>;
}

export interface Scrape {
  readonly families: ReadonlyMap<string, ParsedFamily>;
  readonly value: (name: string, labels?: Readonly<Record<string, string>>) => number | undefined;
  /** How many samples of this name carry all of these labels. */
  readonly count: (name: string, labels?: Readonly<Record<string, string>>) => number;
}

export const OPEN_METRICS = "application/openmetrics-text";

/** Metrics over a gateway whose snapshot the test sets, without the runtime metrics unless asked for. */
export function testGateway(
  servers: readonly ServerSnapshot[] = [],
  options: Partial<MetricsOptions> = {},
): TestGateway {
  const bus = new TelemetryBus();
  const read = { snapshot: gatewaySnapshot(servers) };
  const metrics = createMetrics({
    bus,
    snapshot: () => read.snapshot,
    runtimeMetrics: false,
    wallClockMs: () => Date.now(),
    ...options,
  });
  return Object.assign(read, {
    bus,
    metrics,
    emit: (...events: readonly HangarEvent[]) => {
      for (const event of events) bus.emit(event);
    },
    scrape: async () => parseScrape(String((await metrics.render(OPEN_METRICS)).body)),
  });
}

function parseScrape(text: string): Scrape {
  const families = parseOpenMetrics(text);
  return {
    families,
    value: (name, labels) => sampleValue(families, name, labels),
    count: (name, labels = {}) =>
      [...families.values()]
        .flatMap(({ samples }) => samples)
        .filter((sample) => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v))
        .length,
  };
}
