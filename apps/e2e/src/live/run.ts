import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { poll } from "@mcp-hangar/testing";
import { FAULTS } from "./faults.ts";
import { healthyLoad, startFleet, warmUp } from "./fleet.ts";
import { productOptions, quickOptions } from "./live-options.ts";
import { GATEWAYS, startMonitoring } from "./monitoring-stack.ts";

/**
 * Leaves a live stack running for developers: two gateways with real servers under load, Prometheus and Alertmanager
 * with the generated files. Prints one JSON line with the addresses when everything is scraped.
 */
const HELP = `node --conditions=@mcp-hangar/source apps/e2e/src/live/run.ts [options]

  --faults          let servers fail, hang, crash and vanish while it runs
  --quick           intervals, windows and thresholds of the live test (seconds) instead of those of the product
  --port <number>   port of Prometheus; any free one by default
  --for <seconds>   end by itself that long after it was ready; otherwise on SIGINT or SIGTERM
  --help            this text
`;

const { values } = parseArgs({
  options: {
    faults: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    port: { type: "string" },
    for: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const stopped = stopSignal();
  await using owned = new AsyncDisposableStack();
  const fleet = owned.use(await startFleet());
  await warmUp(fleet);
  const stack = owned.use(
    await startMonitoring({
      targets: fleet.targets,
      options: values.quick ? quickOptions : productOptions,
      prometheusPort: values.port === undefined ? undefined : Number(values.port),
    }),
  );
  owned.use(healthyLoad(fleet, values.faults ? ["everything"] : undefined));
  if (values.faults) for (const fault of FAULTS) owned.use(await fault.begin(fleet, [stack]));
  const scraped = async (): Promise<boolean> =>
    (await stack.prometheus.query(`${GATEWAYS} == 1`)).length === fleet.targets.length;
  await poll("the gateways to be scraped", scraped, 60_000, 500);
  const ready = {
    event: "ready",
    prometheus: stack.prometheus.url,
    alertmanager: `http://${stack.alertmanager.address}`,
    gateways: fleet.targets.map((target) => `http://${target}`),
    files: stack.folder,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  const over = values.for === undefined ? [] : [delay(Number(values.for) * 1_000)];
  await Promise.race([stopped, ...over]);
}

/** Resolves on SIGINT or SIGTERM. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
