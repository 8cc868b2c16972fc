import { settingKeyOf } from "../names.ts";
import type { MonitoringOptions } from "../settings/options.ts";
import type { Stack } from "../stack.ts";

/** The option that a finding is about, with its value: whoever generates the stack sets options, not rules. */
export function optionBehind(subject: string, { alerts, options }: Stack): string | undefined {
  const [, option] = /^option (\w+)$/.exec(subject) ?? [];
  if (option !== undefined) return said(option, option in options ? options[option as keyof MonitoringOptions] : "");
  const [, id] = /^alert (\S+)$/.exec(subject) ?? [];
  const alert = alerts.find((each) => each.id === id);
  if (alert === undefined) return undefined;
  const { slo } = alert.labels;
  if (slo !== undefined) return said(`slos.${slo}`, new Map(Object.entries(options.slos)).get(slo));
  const key = settingKeyOf(alert.name);
  const setting: unknown = new Map<string | undefined, unknown>(Object.entries(options.alerts)).get(key);
  return setting === undefined ? undefined : said(`alerts.${key}`, setting);
}

function said(path: string, value: unknown): string {
  return `${path} is ${JSON.stringify(value)}`;
}
