import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import type { CancelSignal } from "@mcp-hangar/core";
import type { Hangar } from "./assemble.ts";
import { BUILD } from "./build-info.ts";
import { openFrontDoor, openMetricsDoor } from "./http/front-door.ts";
import { settlingMs } from "./reload/file-watch.ts";

/** How the gateway meets its clients. */
export type Door =
  | { readonly kind: "http"; readonly unsafeNoAuth: boolean }
  | { readonly kind: "stdio"; readonly unsafeNoAuth: boolean; readonly input: Readable; readonly output: Writable };

/** How often the end of the calls in flight is looked for while draining, in ms. */
const DRAIN_LOOK_MS = 20;
/** How long clients have to take their last answers, in ms; on a healthy connection it takes no time at all. */
const FAREWELL_MS = 1_000;
/** How long calls whose server was ended may take to end themselves, in ms; mostly it takes no time at all. */
const LAST_ENDS_MS = 5_000;

/**
 * Runs the gateway until `stop` aborts or, over stdio, the client closes its end; then drains and closes everything.
 * Rejects when a listener cannot be opened; nothing is left running then either.
 */
export async function serve(hangar: Hangar, door: Door, stop: CancelSignal): Promise<void> {
  const { gateway, bus, platform, health, logging } = hangar;
  let opened: OpenedDoor | undefined;
  try {
    await hangar.exporters.open();
    opened = door.kind === "http" ? await openHttp(hangar, door.unsafeNoAuth) : await openStdio(hangar, door);
    gateway.start();
    hangar.discovery.start();
    hangar.accessSystem.start();
    hangar.configWatch.watch(settlingMs(hangar.reloader.config.config_reload));
    health.phase = "serving";
    bus.emit({ type: "gateway.started", timeMs: platform.clock.wallMs(), version: BUILD.version });
    const cause = await Promise.race([opened.ended, aborted(stop)]);
    logging.logger.info("shutdown_started", { cause });
  } finally {
    health.phase = "stopping";
    await shutDown(hangar, opened);
  }
}

interface OpenedDoor {
  /** Resolves with the cause when the door ends by itself. */
  readonly ended: Promise<string>;
  /** Takes nothing new, waits for the calls in flight, ends sessions and connections. */
  close(): Promise<void>;
}

async function openHttp(hangar: Hangar, unsafeNoAuth: boolean): Promise<OpenedDoor> {
  const frontDoor = await openFrontDoor(hangar, unsafeNoAuth);
  return {
    // An HTTP door never ends by itself.
    ended: new Promise(() => {}),
    async close() {
      frontDoor.stopAccepting();
      const drained = await drain(hangar, () => frontDoor.unanswered());
      if (!drained) {
        interruptFaces(hangar);
        frontDoor.interrupt();
      }
      await closeFaces(hangar);
      await nothingLeft(() => frontDoor.unsent(), FAREWELL_MS);
      frontDoor.close();
    },
  };
}

async function openStdio(
  hangar: Hangar,
  { input, output, unsafeNoAuth }: Extract<Door, { kind: "stdio" }>,
): Promise<OpenedDoor> {
  const metricsDoor = await openMetricsDoor(hangar, unsafeNoAuth);
  const served = hangar.aggregateFace.serveStdio(input, output);
  hangar.logging.logger.info("stdio_serving");
  const broken = brokenPipe(output).then((cause) => {
    // Nobody is there who could be answered.
    interruptFaces(hangar);
    return cause;
  });
  return {
    ended: Promise.race([served.then(() => "the client closed its end"), broken]),
    async close() {
      if (!(await drain(hangar, () => 0))) interruptFaces(hangar);
      await closeFaces(hangar);
      await nothingLeft(() => (output.writable ? output.writableLength : 0), FAREWELL_MS);
      metricsDoor?.close();
    },
  };
}

/** A client that is gone cannot be answered; writing to it is an error of the stream, not of the gateway. */
function brokenPipe(output: Writable): Promise<string> {
  return new Promise((resolve) => {
    output.on("error", ({ message }) => resolve(`the client is gone: ${message}`));
  });
}

/** Waits until no call is in flight and nothing is unanswered; false when `http.shutdown_timeout_s` passed before. */
async function drain({ gateway, reloader, logging }: Hangar, unanswered: () => number): Promise<boolean> {
  const inFlight = (): number => gateway.fleet.callsInFlight();
  const drained = await nothingLeft(() => inFlight() + unanswered(), reloader.config.http.shutdown_timeout_s * 1_000);
  if (!drained) {
    logging.logger.warning("shutdown_timed_out", { calls_in_flight: inFlight(), requests_unanswered: unanswered() });
  }
  return drained;
}

/** Waits until `count` is 0; false when the time has passed before. */
async function nothingLeft(count: () => number, withinMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs;
  while (count() > 0) {
    if (performance.now() >= deadlineMs) return false;
    await setTimeout(DRAIN_LOOK_MS);
  }
  return true;
}

function interruptFaces({ aggregateFace, managementFace, serverFaces }: Hangar): void {
  aggregateFace.interrupt();
  managementFace.interrupt();
  serverFaces.interrupt();
}

async function closeFaces({ aggregateFace, managementFace, serverFaces }: Hangar): Promise<void> {
  await Promise.all([aggregateFace.close(), managementFace.close(), serverFaces.close()]);
}

async function shutDown(hangar: Hangar, door: OpenedDoor | undefined): Promise<void> {
  const { gateway, discovery, bus, platform, health, reloader, configWatch } = hangar;
  try {
    configWatch.watch(undefined);
    await reloader.close();
    await discovery.close();
    await door?.close();
    await gateway.close();
    // What ends because its server has ended is told before the end of the gateway is.
    await nothingLeft(() => gateway.untold(), LAST_ENDS_MS);
    await hangar.accessSystem.close();
    bus.emit({ type: "gateway.stopped", timeMs: platform.clock.wallMs(), uptimeSeconds: health.uptimeSeconds() });
  } finally {
    await hangar.exporters.close();
  }
}

function aborted(signal: CancelSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(String(signal.reason));
    else signal.addEventListener("abort", () => resolve(String(signal.reason)), { once: true });
  });
}
