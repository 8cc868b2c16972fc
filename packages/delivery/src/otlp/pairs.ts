interface Pairs {
  readonly pairs: readonly (readonly [key: string, value: string])[];
  /** Position, from 1, of the first entry that is none. */
  readonly wrong: number | undefined;
}

/** Reads `key=value,key2=value2` with percent-encoded values, as variables of OpenTelemetry have it. */
export function parsePairs(text: string | undefined): Pairs {
  const pairs: (readonly [string, string])[] = [];
  let wrong: number | undefined;
  for (const [index, entry] of (text ?? "").split(",").entries()) {
    if (entry.trim() === "") continue;
    const pair = pairOf(entry);
    if (pair === undefined) wrong ??= index + 1;
    else pairs.push(pair);
  }
  return { pairs, wrong };
}

function pairOf(entry: string): readonly [string, string] | undefined {
  const equals = entry.indexOf("=");
  const key = entry.slice(0, equals).trim();
  if (equals < 0 || key === "") return undefined;
  try {
    return [decodeURIComponent(key), decodeURIComponent(entry.slice(equals + 1).trim())];
  } catch {
    return undefined;
  }
}
