import { testKills } from "../src/harness/kills.ts";

/** 204 kills in all. */
testKills({ lanes: 4, gatewaysALane: 15, serversALane: 18 });
