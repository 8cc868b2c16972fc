interface Unit {
  readonly quantity: "length" | "mass" | "temperature";
  /** `base = value * factor + offset`, in metres, kilograms or kelvin. */
  readonly factor: number;
  readonly offset: number;
}

const UNITS = {
  m: { quantity: "length", factor: 1, offset: 0 },
  km: { quantity: "length", factor: 1_000, offset: 0 },
  ft: { quantity: "length", factor: 0.3048, offset: 0 },
  mi: { quantity: "length", factor: 1_609.344, offset: 0 },
  nmi: { quantity: "length", factor: 1_852, offset: 0 },
  kg: { quantity: "mass", factor: 1, offset: 0 },
  g: { quantity: "mass", factor: 0.001, offset: 0 },
  lb: { quantity: "mass", factor: 0.45359237, offset: 0 },
  K: { quantity: "temperature", factor: 1, offset: 0 },
  C: { quantity: "temperature", factor: 1, offset: 273.15 },
  F: { quantity: "temperature", factor: 5 / 9, offset: 273.15 - 32 * (5 / 9) },
} as const satisfies Readonly<Record<string, Unit>>;

export type UnitName = keyof typeof UNITS;

/** The names of all units. */
// The keys of an object literal are exactly the keys of its type.
export const UNIT_NAMES = Object.keys(UNITS) as [UnitName, ...UnitName[]];

/** Converts between units of one quantity; `undefined` when the two measure different things. */
export function convert(value: number, from: UnitName, to: UnitName): number | undefined {
  const [source, target]: [Unit, Unit] = [UNITS[from], UNITS[to]];
  if (source.quantity !== target.quantity) return undefined;
  const converted = (value * source.factor + source.offset - target.offset) / target.factor;
  // Twelve digits are more than any of the constants has; the rest is rounding noise.
  return Number(converted.toPrecision(12));
}
