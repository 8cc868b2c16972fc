/** What a V8 CPU profile holds, as far as this report reads it. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Microseconds on the clock of {@link https://nodejs.org/api/process.html#processhrtimebigint process.hrtime}. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Own time of one function. */
export interface SelfTime {
  readonly name: string;
  /** Source file and line, shortened to what a reader needs. */
  readonly place: string;
  readonly milliseconds: number;
}

/** Own time of every function between two moments of the profile's clock, in microseconds; longest first. */
export function selfTimes(profile: CpuProfile, fromMicros: number, toMicros: number): readonly SelfTime[] {
  const names = new Map(profile.nodes.map((node) => [node.id, label(node.callFrame)]));
  const micros = new Map<string, number>();
  let now = profile.startTime;
  for (const [at, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[at] ?? 0;
    now += delta;
    if (now < fromMicros || now > toMicros) continue;
    const name = names.get(id) ?? "(unknown)";
    micros.set(name, (micros.get(name) ?? 0) + delta);
  }
  return [...micros]
    .map(([text, sum]) => {
      const [name = "", place = ""] = text.split("\t");
      return { name, place, milliseconds: sum / 1_000 };
    })
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

function label(frame: CpuProfile["nodes"][number]["callFrame"]): string {
  const file = frame.url.replace(/^.*\/(?=(?:node_modules|packages|apps)\/)/, "").replace(/^.*node_modules\//, "");
  return `${frame.functionName || "(anonymous)"}\t${file === "" ? "" : `${file}:${frame.lineNumber + 1}`}`;
}
