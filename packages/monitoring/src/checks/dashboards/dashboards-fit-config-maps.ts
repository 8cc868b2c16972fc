import type { DashboardCheck } from "./rendered.ts";

/** What Kubernetes stores in one object at most is 1 MiB; a tenth is left for everything around the dashboard. */
const BYTES_MAX = 940_000;

/** Every dashboard fits into a ConfigMap. */
export const dashboardsFitConfigMaps: DashboardCheck = {
  name: "dashboards-fit-config-maps",
  run(dashboard) {
    const bytes = Buffer.byteLength(JSON.stringify(dashboard, null, 2));
    if (bytes <= BYTES_MAX) return [];
    return [{ problem: `it has ${bytes} bytes; a ConfigMap holds ${BYTES_MAX}`, mend: "split it" }];
  },
};
