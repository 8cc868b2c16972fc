/** A number as digits and the place of the point, so that 1 − 0.999 is 0.001 and nothing else. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** `1 − x`, exactly. */
export function complementOf(x: number): number {
  const { digits, scale } = parse(x);
  return toNumber({ digits: 10n ** BigInt(scale) - digits, scale });
}

/** `a × b`, exactly. */
export function product(a: number, b: number): number {
  const [left, right] = [parse(a), parse(b)];
  return toNumber({ digits: left.digits * right.digits, scale: left.scale + right.scale });
}

/** `a ÷ b` of a decimal and a whole number, to twelve places. */
export function quotient(a: number, b: number): number {
  const { digits, scale } = parse(a);
  const places = 12;
  const scaled = (digits * 10n ** BigInt(places)) / BigInt(b);
  return toNumber({ digits: scaled, scale: scale + places });
}

/** A share from 0 to 1 as a number of percent, for texts. */
export function percent(share: number): number {
  return product(100, share);
}

function parse(value: number): Decimal {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (whole === "") throw new RangeError(`${value} is not a finite number.`);
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(`${sign}${whole}${fraction}`);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

function toNumber({ digits, scale }: Decimal): number {
  return Number(`${digits}e-${scale}`);
}
