import type { HttpGateway } from "../gateway-process.ts";
import { leftSteps } from "./left-steps.ts";
import { legacySteps, modernSteps } from "./mcp-steps.ts";
import { olderSteps } from "./older-steps.ts";
import { refusedMcpSteps, refusedRestSteps } from "./refused-steps.ts";
import { guardedSteps, metricsStep, restSteps } from "./rest-steps.ts";
import { GROUP, HIDDEN, SERVER, type Step } from "./step.ts";

/** Everything that can be done over HTTP at a gateway that serves HTTP+SSE, too. */
export function allSteps(gateway: HttpGateway): readonly Step[] {
  return [
    ...restSteps(gateway),
    ...[undefined, SERVER, GROUP, HIDDEN].flatMap((server) => [
      ...modernSteps(gateway, server),
      ...legacySteps(gateway, server),
    ]),
    ...[undefined, SERVER, HIDDEN].flatMap((server) => olderSteps(gateway, server)),
    ...refusedMcpSteps(gateway),
    ...refusedRestSteps(gateway),
    ...leftSteps(gateway),
    ...guardedSteps(gateway),
    metricsStep(gateway),
  ];
}
