import { assertSound } from "./checks/index.ts";
import { catalogLock, lockFile } from "./diff/lock.ts";
import { EXPORTS, type ExportName } from "./exports/index.ts";
import type { Extension } from "./extension/extension.ts";
import { alertmanagerConfig } from "./render/alertmanager.ts";
import { deploymentFiles } from "./render/deploy.ts";
import { promtoolFiles } from "./render/promtool.ts";
import { alertGroups, recordingGroups } from "./render/rules.ts";
import { runbookPages } from "./render/runbooks.ts";
import { kubernetesScrapeConfig, staticScrapeConfig } from "./render/scrape.ts";
import { yamlFile } from "./render/yaml.ts";
import { type MonitoringOverrides, resolveOptions } from "./settings/options.ts";
import { buildStack, type Stack } from "./stack.ts";

/** Writes files of one kind: paths relative to the output folder, and their content. */
type Renderer = (stack: Stack) => Readonly<Record<string, string>>;

/** What the paths of runbooks begin with: they are documentation, and may go elsewhere than the rest. */
export const RUNBOOK_FOLDER = "runbooks/";

/** Every file that is generated comes from one of these. */
const renderers: readonly Renderer[] = [
  (stack) => ({
    "prometheus/prometheus.yaml": yamlFile(staticScrapeConfig(stack)),
    "prometheus/prometheus.kubernetes.yaml": yamlFile(kubernetesScrapeConfig(stack)),
    "prometheus/alerts.yaml": yamlFile({ groups: alertGroups(stack) }),
    "prometheus/recording-rules.yaml": yamlFile({ groups: recordingGroups(stack) }),
    "alertmanager/alertmanager.yaml": yamlFile(alertmanagerConfig(stack.routing, stack.options.targetLabels)),
  }),
  (stack) => ({ "catalog.json": lockFile(catalogLock(stack)) }),
  testFiles,
  runbookFiles,
  deploymentFiles,
];

/** What is generated beside the stack of the product. */
export interface Further {
  /** An installation's own alerts and dashboards. */
  readonly extension?: Extension | undefined;
  /** Documents for other systems, below `exports/`. */
  readonly exports?: readonly ExportName[];
}

/**
 * The whole monitoring stack for these options, as file contents by path. It only computes: the same options give the
 * same bytes. Throws a `ChecksFailed` that lists every violation if the stack is not sound.
 */
export function generateMonitoring(
  overrides: MonitoringOverrides = {},
  { extension, exports = [] }: Further = {},
): ReadonlyMap<string, string> {
  const stack = buildStack(resolveOptions(overrides), extension);
  assertSound(stack);
  const files = [...renderers, ...exports.map((name) => EXPORTS[name].files)].flatMap((render) =>
    Object.entries(render(stack)),
  );
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function runbookFiles(stack: Stack): Readonly<Record<string, string>> {
  const pages = Object.entries(runbookPages(stack));
  return Object.fromEntries(pages.map(([name, page]) => [`${RUNBOOK_FOLDER}${name}`, page]));
}

function testFiles(stack: Stack): Readonly<Record<string, string>> {
  return Object.fromEntries(
    stack.topics.flatMap(({ name, alerts }) => {
      const ids = new Set(alerts.map(({ id }) => id));
      const files = promtoolFiles(
        name,
        stack.scenarios.filter(({ alert }) => ids.has(alert)),
        stack,
      );
      return Object.entries(files).map(([file, content]) => [`prometheus/tests/${file}`, yamlFile(content)]);
    }),
  );
}
