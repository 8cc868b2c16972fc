import type { LabelSpec, LabelSpecs } from "@mcp-hangar/telemetry";

/** Stands for a name that did not resolve, was folded or belongs to a removed server. */
export const OTHER = "_other";

/** MCP recommends tool names of at most 128 characters, and each value is repeated on every line of its series. */
const VALUE_LENGTH_MAX = 256;

/** The label values of one series, complete and in the order of the declaration. */
export type Labels = Readonly<Record<string, string>>;

/** What a derivation supplies; `undefined` becomes the label's `absent` value. */
export type SuppliedLabels = Readonly<Record<string, string | undefined>>;

/** Makes label values that can be exposed of what a derivation supplies, for one metric. */
export class LabelValues {
  readonly specs: readonly (readonly [name: string, spec: LabelSpec])[];
  readonly #ambiguous: RegExp;

  constructor(specs: LabelSpecs) {
    this.specs = Object.entries(specs);
    // prom-client joins names and values as `name:value,` into one key, so a value with such a part could be mistaken.
    this.#ambiguous = new RegExp(`,(?:${Object.keys(specs).join("|")}):`);
  }

  normalise(supplied: SuppliedLabels): Labels {
    const labels: Record<string, string> = {};
    for (const [name, spec] of this.specs) {
      const value = supplied[name];
      labels[name] = value === undefined ? absentValue(spec) : this.valueOf(value);
    }
    return labels;
  }

  /** The labels with every name folded. */
  fold(supplied: SuppliedLabels): Labels {
    const folded: Record<string, string> = {};
    for (const [name, spec] of this.specs) {
      folded[name] = spec.kind === "registered" ? OTHER : (supplied[name] ?? OTHER);
    }
    return folded;
  }

  isFolded(labels: Labels): boolean {
    return this.specs.every(([name, spec]) => spec.kind === "closed" || labels[name] === OTHER);
  }

  valueOf(name: string): string {
    if (name.length > VALUE_LENGTH_MAX || this.#ambiguous.test(name)) return OTHER;
    // Lone surrogates would all become the same character on the wire, and two series the same.
    return name.toWellFormed();
  }
}

/** What stands for a name that is absent. */
export function absentValue(spec: LabelSpec): string {
  return spec.kind === "registered" ? spec.absent : OTHER;
}
