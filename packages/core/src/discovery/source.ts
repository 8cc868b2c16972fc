import type { Platform } from "../platform/platform.ts";

/** A server as a source announces it: unchecked, because whoever can label a container or write a file can announce. */
export interface DiscoveredServer {
  /** The id it asks for; it becomes a server's id only when it is valid and free. */
  readonly name: string;
  /** An entry of `mcp_servers`, unparsed. */
  readonly options: unknown;
  /** Where it was found, for people: a container's name, a file. */
  readonly location: string;
  /** What else tells one thing from another that is run in the same way, such as the version of a package. */
  readonly revision?: string | undefined;
  /** Why the announcement cannot be read: `options` mean nothing then, and what was announced before stays. */
  readonly problem?: string | undefined;
}

/** One place where servers are announced. */
export interface DiscoverySource {
  /**
   * Everything announced now.
   * Rejects with what happened and what to do when the place cannot be asked; what was found before then stays.
   */
  discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]>;
  /** Calls back when something may have changed, so that nobody waits for the next cycle; returns how to stop it. */
  watch?(onChange: () => void): () => void;
  /** Frees what it holds. Idempotent. */
  close(): Promise<void>;
}

/** What a source gets from the gateway. */
export interface SourceContext {
  readonly platform: Platform;
  /**
   * Reads a text of YAML or JSON into plain data, with limits on size and depth. With `expansion`, `${NAME}` becomes the
   * environment's variable of that name, and `${file:path}` the text of a file. Throws an error that says what is wrong, and
   * where.
   */
  readonly parseDocument: (text: string, expansion: DocumentExpansion | undefined) => unknown;
}

/** How references in a document are replaced. */
export interface DocumentExpansion {
  /** The document's own file: relative paths begin at its folder. */
  readonly file: string;
  /** Whether `${file:path}` is replaced; if not, it is an error. */
  readonly mayReadFiles: boolean;
}
