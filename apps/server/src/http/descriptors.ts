import { readFileSync } from "node:fs";
import type { ConnectionLimits } from "./connection-room.ts";

/** Of the descriptors of the process, the part that clients' connections may take, in and beyond the limits; servers, files and timers need some. */
const PART = { connections: 0.4, reserved: 0.05 } as const;

/** How many descriptors this process may have open; `undefined` where that is not to be learned. Node.js has raised it as far as it may. */
export function descriptorsMax(limits = readLimits): number | undefined {
  const max = Number(/^Max open files\s+(\d+)/m.exec(limits())?.[1]);
  return max > 0 ? max : undefined;
}

/** The limits on connections that a process with so many descriptors can keep. */
export function affordable(wanted: ConnectionLimits, descriptors: number | undefined): ConnectionLimits {
  if (descriptors === undefined) return wanted;
  const most = (part: number): number => Math.max(1, Math.floor(descriptors * part));
  return {
    ...wanted,
    total: Math.min(wanted.total, most(PART.connections)),
    reserved: Math.min(wanted.reserved, most(PART.reserved)),
  };
}

/** As Linux has them; empty elsewhere. */
function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
