import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/schema.ts";

/**
 * Puts a prepared change into force. It takes effect before it returns, so that all parts change in one turn of the event
 * loop, and it does not throw. What goes on afterwards, such as calls that old servers finish, is its own affair: nobody
 * awaits a promise that it returns, but its rejection is logged.
 */
export type Apply = () => unknown;

/**
 * A part of the gateway that follows the configuration while it runs. It does everything that can fail, such as reading
 * files, without changing anything: what it throws keeps the whole reload from happening, and its message is shown. In
 * `next`, keys that need a restart are as they were.
 */
export type ReloadPart = (next: Config, previous: Config) => Apply | Promise<Apply>;

/** A part that follows one value and cannot fail. */
export function follow<Value>(select: (config: Config) => Value, apply: (value: Value) => unknown): ReloadPart {
  return (next, previous) => {
    const value = select(next);
    return isDeepStrictEqual(value, select(previous)) ? () => {} : () => apply(value);
  };
}
