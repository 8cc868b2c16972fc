import { RELOADABLE } from "../config/reloadable.ts";
import type { Config } from "../config/schema.ts";

type Section = Readonly<Record<string, unknown>>;

/** The configuration in force after a reload of `next`: its reloadable keys, and the others as they were. */
export function configInForce(previous: Config, next: Config): Config {
  return RELOADABLE.reduce<Section>((config, key) => carryOver(config, next, key.split(".")), previous) as Config;
}

/** A copy of `config` with the value that `next` has at the path. A section that only one of them has needs a restart. */
function carryOver(config: Section, next: Section, [name = "", ...rest]: readonly string[]): Section {
  if (rest.length === 0) return { ...config, [name]: next[name] };
  const [own, other] = [config[name], next[name]];
  return isSection(own) && isSection(other) ? { ...config, [name]: carryOver(own, other, rest) } : config;
}

function isSection(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
