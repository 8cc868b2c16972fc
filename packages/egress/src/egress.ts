import type { HttpProxy } from "./proxy.ts";
import { DIRECT, type EgressRules } from "./rules.ts";

/**
 * How this process connects out. One register for the process instead of an argument, as for known secrets: a connection whose maker
 * was not handed the rules would go around the proxy, and nobody would notice where direct connections happen to work.
 */
export class Egress {
  #rules: EgressRules = DIRECT;

  get rules(): EgressRules {
    return this.#rules;
  }

  /** Puts rules into force, for connections that are made from now on. Returns what puts those of before back. */
  use(rules: EgressRules): () => void {
    const before = this.#rules;
    this.#rules = rules;
    return () => {
      this.#rules = before;
    };
  }

  /** The proxy that a connection to this URL takes; `undefined` when it is a direct one. */
  proxyFor(url: URL): HttpProxy | undefined {
    return this.#rules.proxyFor(url);
  }
}

/** The rules of this process: direct until told otherwise. */
export const egress: Egress = new Egress();
