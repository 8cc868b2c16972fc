/** A fleet in which nothing is wrong: what happens in it is what happens everywhere. */
export interface FleetModel {
  readonly name: string;
  readonly seed: number;
  readonly gateways: number;
  /** Of each gateway. */
  readonly servers: number;
  /** Of all servers of a gateway, on average over the day; by day it is more, by night less. */
  readonly callsAMinute: number;
  /** Share of the calls that fail, by chance, one by one. */
  readonly failing: number;
  /** How often an agent calls a tool wrongly, three to eight times within a minute. */
  readonly stubbornAgentsADay: number;
  readonly batchesAMinute: number;
  /** New versions, each with a restart. */
  readonly deploymentsAWeek: number;
  /** Crashes of one server, which is started by the next call. */
  readonly crashesAWeek: number;
  /** Health checks of which one or two fail in a row. */
  readonly shakyChecksADay: number;
  /** From one minute to three in which nothing reaches the remote server, so that its breaker opens once where somebody calls it. */
  readonly remoteOutagesAWeek: number;
  /** New versions of the remote server, which says of a tool something else than before. */
  readonly remoteUpdatesAWeek: number;
  /** Of one gateway by day. */
  readonly clients: number;
  /** Sessions that clients may have with the first server at a time; by day a third of them is in use. */
  readonly sessionsMax: number;
  /** Scrapes that fail, of ten thousand. */
  readonly lostScrapes: number;
}

/** What all have: one call in 250 fails, one in 100 takes longer than three seconds, one in 500 longer than five. */
const usual = { failing: 0.004, deploymentsAWeek: 2, remoteUpdatesAWeek: 0.5, lostScrapes: 1 } as const;

export const fleets: readonly FleetModel[] = [
  {
    ...usual,
    name: "low-traffic",
    seed: 14_001,
    gateways: 1,
    servers: 3,
    callsAMinute: 0.07,
    stubbornAgentsADay: 0.1,
    batchesAMinute: 0.005,
    crashesAWeek: 1,
    shakyChecksADay: 1,
    remoteOutagesAWeek: 2,
    clients: 3,
    sessionsMax: 20,
  },
  {
    ...usual,
    name: "normal",
    seed: 14_002,
    gateways: 1,
    servers: 4,
    callsAMinute: 60,
    stubbornAgentsADay: 5,
    batchesAMinute: 1,
    crashesAWeek: 3,
    shakyChecksADay: 3,
    remoteOutagesAWeek: 2,
    clients: 40,
    sessionsMax: 20,
  },
  {
    ...usual,
    name: "busy",
    seed: 14_003,
    gateways: 2,
    servers: 4,
    callsAMinute: 3_000,
    stubbornAgentsADay: 100,
    batchesAMinute: 60,
    crashesAWeek: 5,
    shakyChecksADay: 5,
    remoteOutagesAWeek: 4,
    clients: 300,
    sessionsMax: 100,
  },
];

export const SLOWER_THAN_3 = 0.01;
export const SLOWER_THAN_5 = 0.002;
