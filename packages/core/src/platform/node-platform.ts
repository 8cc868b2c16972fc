import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Clock, Platform } from "./platform.ts";

const clock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  defer: (callback) => void setImmediate(callback),
};

/** The machine itself: the one place of the runtime that touches time, randomness, processes and the environment. */
export const nodePlatform: Platform = {
  clock,
  random: () => Math.random(),
  uuid: () => randomUUID(),
  spawn: (command, args, options) => spawn(command, args, options),
  kill(pid, signal) {
    try {
      process.kill(pid, signal);
      return true;
    } catch (error) {
      // ESRCH: it is gone already, which is what a caller that kills wants.
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
      throw error;
    }
  },
  env: process.env,
  os: process.platform,
  uid: process.getuid?.(),
};
