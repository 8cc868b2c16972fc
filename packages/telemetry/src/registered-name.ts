declare const registered: unique symbol;

/**
 * A name that the configuration or a registry knows: a server id, a tool an upstream lists, an exporter.
 * Only such names may become metric labels; text typed by a caller stays a plain `string` and does not compile as one.
 */
export type RegisteredName = string & { readonly [registered]: true };

/** Admits `name` as registered. Call it only where the name is read from configuration or from a registry. */
export function registeredName(name: string): RegisteredName {
  // The call site is the proof: this function is the one parser that admits names.
  return name as RegisteredName;
}
