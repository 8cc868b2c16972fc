import { testKills } from "../src/harness/kills.ts";

/** 36 kills in all. */
testKills({ lanes: 2, gatewaysALane: 6, serversALane: 6 });
