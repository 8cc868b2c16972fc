import { RELOADABLE } from "../config/reloadable.ts";
import type { Config } from "../config/schema.ts";

type Section = Readonly<Record<string, unknown>>;

/** The configuration in force after a reload of `next`: its reloadable keys, and the others as they were. */
export function configInForce(previous: Config, next: Config): Config {
  return RELOADABLE.reduce<Section>((config, key) => carryOver(config, next, key.split(".")), previous) as Config;
}

/** A copy of `config` with the value that `next` has at the path; both are whole, so that the sections on the way exist. */
function carryOver(config: Section, next: Section, [name = "", ...rest]: readonly string[]): Section {
  const value = rest.length === 0 ? next[name] : carryOver(config[name] as Section, next[name] as Section, rest);
  return { ...config, [name]: value };
}
