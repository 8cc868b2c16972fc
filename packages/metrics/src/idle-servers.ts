import { escapeLabelValue, formatLabels } from "./exposition/format.ts";
import type { Labels } from "./label-values.ts";

/** A series with 0 as it is written; nothing keeps it. */
export interface ZeroSeries {
  readonly labels: Labels;
  readonly text: string;
}

/** Stands for the name of the server in a text; a closed value, of which the other labels have one each, is plain ASCII. */
const NAME = "\u0000";

/**
 * The servers that one metric has not counted anything of. All of them have the same label sets with 0, so that a server costs its name
 * here instead of a hundred series: most servers of a large fleet are cold.
 */
export class IdleServers {
  /** Label sets of each server, but for its name. */
  readonly #sets: readonly Labels[];
  /** What stands before and after the name in the text of each set. */
  readonly #frames: readonly (readonly [before: string, after: string])[];
  readonly #births = new Map<string, number>();

  constructor(sets: readonly Labels[]) {
    this.#sets = sets;
    this.#frames = sets.map((set) => {
      const [before = "", after = ""] = formatLabels({ ...set, mcp_server: NAME }).split(NAME);
      return [before, after];
    });
  }

  /** Series that a server has. */
  get seriesEach(): number {
    return this.#sets.length;
  }

  /** Series of all servers together. */
  get series(): number {
    return this.#births.size * this.#sets.length;
  }

  get names(): readonly string[] {
    return [...this.#births.keys()];
  }

  /** `birth` is when its series came to be, as `FirstIncreases` counts. */
  add(server: string, birth: number): void {
    if (!this.#births.has(server)) this.#births.set(server, birth);
  }

  /** Takes a server out, and returns its birth; `undefined` when it is not here. */
  take(server: string): number | undefined {
    const birth = this.#births.get(server);
    if (birth !== undefined) this.#births.delete(server);
    return birth;
  }

  labelsOf(server: string): readonly Labels[] {
    return this.#sets.map((set) => ({ ...set, mcp_server: server }));
  }

  /** The series of these servers. */
  *seriesOf(servers: readonly string[]): Iterable<ZeroSeries> {
    for (const server of servers) {
      const name = escapeLabelValue(server);
      for (const [index, [before, after]] of this.#frames.entries()) {
        yield { labels: { ...this.#sets[index], mcp_server: server }, text: before + name + after };
      }
    }
  }
}
