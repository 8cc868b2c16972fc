import { expect, test } from "vitest";
import { parseSoakArguments } from "./options.ts";

test.each([
  ["--calls 5", "--calls 5: write a whole number from 100"],
  ["--seed x", "--seed x: write a whole number from 0"],
  ["--speed 9", "Unknown option '--speed'"],
])("refuses %s", (text, message) => {
  expect(() => parseSoakArguments(text.split(" "))).toThrow(message);
});
