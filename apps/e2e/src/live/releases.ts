import { existsSync } from "node:fs";
import { join } from "node:path";

/** The programs of one release of monitoring, as they are run. */
export interface Release {
  readonly prometheus: string;
  readonly alertmanager: string;
}

/** The newest that `npm test` has unpacked; tests that use it carry its tags. The oldest is what the machine has. */
export const newest: Release = {
  prometheus: unpacked("newest-prometheus", "prometheus"),
  alertmanager: unpacked("newest-alertmanager", "prometheus-alertmanager"),
};

function unpacked(name: string, executable: string): string {
  return join(process.env.HANGAR_PROGRAMS ?? "", name, "usr/bin", executable);
}

/** Whether the machine has these programs. */
export function isThere({ prometheus, alertmanager }: Release): boolean {
  return existsSync(prometheus) && existsSync(alertmanager);
}
