import { describe, expect, test } from "vitest";
import { PALETTE } from "./palette.ts";

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/** What readers see, in linear RGB: Machado, Oliveira and Fernandes 2009, table of severity 1. */
const VISION: Readonly<Record<string, Matrix>> = {
  "full colour vision": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Backgrounds of panels in Grafana's dark and light theme. */
const BACKGROUNDS = { dark: "#181b1f", light: "#ffffff" } as const;

describe("the palette", () => {
  const colours = Object.entries(PALETTE);
  const pairs = colours.flatMap(([name, colour], index) =>
    colours.slice(0, index).map(([other, otherColour]) => ({ names: `${name} and ${other}`, colour, otherColour })),
  );

  test.each(Object.entries(VISION))("has no two colours that look alike with %s", (_name, matrix) => {
    const alike = pairs.filter(({ colour, otherColour }) => distance(colour, otherColour, matrix) < 7);
    expect(alike.map(({ names }) => names)).toEqual([]);
  });

  test("measures the pair that everybody warns of as alike", () => {
    const [full, , deuteranopia] = Object.values(VISION);
    if (full === undefined || deuteranopia === undefined) throw new Error("the table lost its rows");
    expect(distance("#a00000", "#4f6a00", full)).toBeGreaterThan(20);
    expect(distance("#a00000", "#4f6a00", deuteranopia)).toBeLessThan(7);
  });

  test.each(colours)("has a %s that is seen on both backgrounds", (_name, colour) => {
    expect(contrast(colour, BACKGROUNDS.dark)).toBeGreaterThan(2.4);
    expect(contrast(colour, BACKGROUNDS.light)).toBeGreaterThan(1.4);
  });
});

/** The distance in OKLab as somebody sees two colours; 100 is from black to white, 2 is just noticeable. */
function distance(a: string, b: string, matrix: Matrix): number {
  const [x, y] = [oklab(times(matrix, linear(a))), oklab(times(matrix, linear(b)))];
  return 100 * Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

function contrast(a: string, b: string): number {
  const [darker = 0, lighter = 0] = [a, b].map(luminance).sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = linear(colour);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function linear(colour: string): Triple {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function times(matrix: Matrix, [r, g, b]: Triple): Triple {
  const row = ([x, y, z]: Triple): number => Math.min(1, Math.max(0, x * r + y * g + z * b));
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

/** Ottosson 2020, https://bottosson.github.io/posts/oklab/. */
function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
