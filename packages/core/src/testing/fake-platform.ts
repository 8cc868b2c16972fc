import type { Platform } from "../platform/platform.ts";
import { FakeClock } from "./fake-clock.ts";
import { seededRandom } from "./seeded-random.ts";

/** A platform without a machine: time moves by hand, chance has a seed. */
export interface FakePlatform extends Platform {
  readonly clock: FakeClock;
}

/** What differs from the default: Linux, an empty environment, no processes. */
export interface FakePlatformOptions extends Partial<Omit<Platform, "clock" | "random" | "uuid">> {
  /** 1 unless told. */
  readonly seed?: number;
}

/** A platform for tests. `spawn` throws and `kill` finds nothing unless the options bring their own. */
export function fakePlatform(options: FakePlatformOptions = {}): FakePlatform {
  const { seed = 1, ...overrides } = options;
  const random = seededRandom(seed);
  let uuids = 0;
  return {
    clock: new FakeClock(),
    random: random.next,
    uuid: () => fakeUuid(seed, ++uuids),
    spawn(command) {
      throw new Error(`The fake platform runs no processes, and ${command} was spawned. Pass a spawn of your own.`);
    },
    kill: () => false,
    env: {},
    os: "linux",
    ...overrides,
  };
}

/** Shaped like version 4, but readable: seed in front, running number at the end. */
function fakeUuid(seed: number, count: number): string {
  const seedHex = (seed >>> 0).toString(16).padStart(8, "0");
  return `${seedHex}-0000-4000-8000-${count.toString(16).padStart(12, "0")}`;
}
