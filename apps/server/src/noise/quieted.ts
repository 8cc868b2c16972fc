import type { Clock } from "@mcp-hangar/core";
import type { HangarEvent, HangarEventType } from "@mcp-hangar/telemetry";
import { type Noise, noiseOf } from "./noise-of.ts";
import type { RecordedEvent } from "./recorded-event.ts";

/** Time over which noise is counted together, in ms: a reader of the log sees what goes on, and not every bit of it. */
const WINDOW_MS = 1_000;
/** Events of one cause and source that are told one by one before they are counted: what is rare is always told. */
const TOLD_AT_FIRST = 10;
/** As before, in each further window of noise that does not end. */
const TOLD_LATER = 1;
/** Sources of one type of event that are told apart in a window; the rest is counted together, however many there are. */
const SOURCES_MAX = 32;

/** Noise of one cause from one source. */
interface Stream {
  readonly noise: Noise;
  /** Events that may still be told in this window. */
  left: number;
  /** Events that were not told in this window. */
  untold: number;
}

type Listener = (event: RecordedEvent) => void;

/**
 * The same listener behind a filter for noise: refused requests that come by the hundred are told one by one at first, and then
 * counted, for each type, reason and source: "711 more like this in the last second". What differs from them is told as ever.
 */
export function quieted(listener: Listener, clock: Clock): (event: HangarEvent) => void {
  return new Quieted(listener, clock).listen;
}

class Quieted {
  readonly #listener: Listener;
  readonly #clock: Clock;
  readonly #streams = new Map<HangarEventType, Map<string, Stream>>();
  #cancelTimer: (() => void) | undefined;

  constructor(listener: Listener, clock: Clock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  readonly listen = (event: HangarEvent): void => {
    const noise = noiseOf(event);
    if (noise === undefined) {
      // What was counted until then must not be lost with the process.
      if (event.type === "gateway.stopped") this.#endWindow();
      return this.#listener(event);
    }
    const stream = this.#streamOf(noise);
    if (stream.left === 0) stream.untold += 1;
    else {
      stream.left -= 1;
      this.#listener(event);
    }
  };

  #streamOf(noise: Noise): Stream {
    this.#cancelTimer ??= this.#clock.schedule(WINDOW_MS, () => this.#endWindow());
    const ofType = this.#streams.get(noise.of) ?? new Map<string, Stream>();
    this.#streams.set(noise.of, ofType);
    const key = `${noise.reason} ${noise.source}`;
    const known = ofType.get(key);
    if (known !== undefined) return known;
    const isOne = ofType.size < SOURCES_MAX;
    const others = isOne ? undefined : ofType.get("");
    if (others !== undefined) return others;
    const stream: Stream = { noise: isOne ? noise : ofMany(noise), left: TOLD_AT_FIRST, untold: 0 };
    ofType.set(isOne ? key : "", stream);
    return stream;
  }

  #endWindow(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const [type, ofType] of this.#streams) {
      for (const [key, stream] of ofType) {
        if (stream.untold === 0) ofType.delete(key);
        else this.#tell(stream);
      }
      if (ofType.size === 0) this.#streams.delete(type);
    }
    if (this.#streams.size > 0) this.#cancelTimer = this.#clock.schedule(WINDOW_MS, () => this.#endWindow());
  }

  #tell(stream: Stream): void {
    const { of, reason, caller, remoteAddress } = stream.noise;
    const { untold: count } = stream;
    stream.left = TOLD_LATER;
    stream.untold = 0;
    const timeMs = this.#clock.wallMs();
    const seconds = WINDOW_MS / 1_000;
    this.#listener({ type: "events.repeated", timeMs, of, reason, caller, remoteAddress, count, seconds });
  }
}

/** What has more sources than are told apart has many reasons, too. */
function ofMany({ of }: Noise): Noise {
  return { of, reason: "several", caller: undefined, remoteAddress: undefined, source: "" };
}
