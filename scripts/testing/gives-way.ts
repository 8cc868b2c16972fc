import { getPriority, setPriority } from "node:os";
import { expect } from "vitest";

/** Tests against real alerting, which counts the seconds: windows and waits of a few seconds are the shortest that mean something. */
const AGAINST_TIME = /\/test\/live\//;
/** How nice the others are: beside those they get a tenth of a processor that both want. */
const NICE = 10;

// What a test starts is as nice as the process of the test.
if (!AGAINST_TIME.test(expect.getState().testPath ?? "")) setPriority(Math.max(NICE, getPriority()));
