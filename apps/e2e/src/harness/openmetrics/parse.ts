import { parseLine, type SampleLine } from "./exposition.ts";
import { familyViolations } from "./rules.ts";

/** One metric family: its metadata and its samples in the order of the page. */
export interface Family {
  readonly name: string;
  type: string;
  unit: string;
  help: string | undefined;
  /** Which metadata the page gave. */
  readonly described: Set<string>;
  readonly samples: SampleLine[];
}

/** Suffixes that the samples of a family of this type carry; `""` is the family's own name. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total", "_created"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  gaugehistogram: ["_bucket", "_gsum", "_gcount"],
  summary: ["", "_sum", "_count", "_created"],
  info: ["_info"],
  stateset: [""],
  unknown: [""],
};

/**
 * Parses an OpenMetrics 1.0 page and holds it to the rules of the format. Throws one error that lists every violation
 * with its line number.
 */
export function parseOpenMetrics(page: string): ReadonlyMap<string, Family> {
  const violations: string[] = [];
  const families = new Map<string, Family>();
  let current: Family | undefined;
  if (!page.endsWith("# EOF\n")) violations.push("the page does not end in `# EOF` and a line feed");
  const lines = page.replace(/\n$/, "").split("\n");
  for (const [index, text] of lines.entries()) {
    try {
      const line = parseLine(text);
      if (line.kind === "eof") {
        if (index !== lines.length - 1) throw new Error("# EOF before the end");
      } else if (line.kind === "metadata") {
        if (current?.name !== line.family) current = openFamily(families, line.family);
        describe(current, line.keyword, line.text);
      } else {
        if (current === undefined || !belongs(current, line.name)) current = openFamily(families, line.name);
        current.samples.push(line);
      }
    } catch (error) {
      violations.push(`line ${index + 1}: ${(error as Error).message}: ${text}`);
    }
  }
  for (const family of families.values()) violations.push(...familyViolations(family));
  violations.push(...nameClashes(families));
  if (violations.length > 0) throw new Error(`not OpenMetrics:\n${violations.join("\n")}`);
  return families;
}

function openFamily(families: Map<string, Family>, name: string): Family {
  if (families.has(name)) throw new Error(`family ${name} is not in one piece`);
  const family: Family = { name, type: "unknown", unit: "", help: undefined, described: new Set(), samples: [] };
  families.set(name, family);
  return family;
}

function describe(family: Family, keyword: "TYPE" | "HELP" | "UNIT", text: string): void {
  if (family.described.has(keyword)) throw new Error(`${keyword} of ${family.name} twice`);
  family.described.add(keyword);
  if (family.samples.length > 0) throw new Error(`${keyword} after the samples of ${family.name}`);
  switch (keyword) {
    case "TYPE":
      if (!(text in SUFFIXES)) throw new Error(`unknown type ${text}`);
      family.type = text;
      return;
    case "UNIT":
      family.unit = text;
      return;
    case "HELP":
      family.help = text;
  }
}

function belongs(family: Family, sample: string): boolean {
  return (SUFFIXES[family.type] ?? []).some((suffix) => sample === family.name + suffix);
}

/** A sample name must not be readable as a part of two families. */
function nameClashes(families: ReadonlyMap<string, Family>): readonly string[] {
  const owners = new Map<string, string>();
  const clashes: string[] = [];
  for (const family of families.values()) {
    for (const suffix of SUFFIXES[family.type] ?? []) {
      const sample = family.name + suffix;
      const owner = owners.get(sample);
      if (owner !== undefined) clashes.push(`families ${owner} and ${family.name} share the sample name ${sample}`);
      owners.set(sample, family.name);
    }
  }
  return clashes;
}
