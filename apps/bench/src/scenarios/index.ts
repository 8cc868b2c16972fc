import { audit } from "./audit.ts";
import { builds } from "./builds.ts";
import { costs } from "./costs.ts";
import { exporterFaults } from "./exporter-faults.ts";
import { exporters } from "./exporters.ts";
import { isolation } from "./isolation.ts";
import { largeResults } from "./large-results.ts";
import { memory } from "./memory.ts";
import { metrics } from "./metrics.ts";
import { monitoring } from "./monitoring.ts";
import { peers } from "./peers.ts";
import { relay } from "./relay.ts";
import { scale } from "./scale.ts";
import type { Scenario } from "./scenario.ts";
import { startup } from "./startup.ts";
import { stdio } from "./stdio.ts";
import { throughput } from "./throughput.ts";

/** Every scenario of a comparison, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  peers,
  relay,
  throughput,
  stdio,
  largeResults,
  memory,
  startup,
  scale,
  costs,
  isolation,
  metrics,
  monitoring,
  exporters,
  exporterFaults,
  audit,
  builds,
];
