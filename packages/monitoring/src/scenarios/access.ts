import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { SCENARIO_KINDS, type Topic } from "../model.ts";
import { CREDENTIAL_REFUSALS } from "../topics/access.ts";
import { counter } from "./series.ts";
import { alertNamed, around, type Coverage, type Story, stepOf, tell } from "./story.ts";

type Reason = (typeof CREDENTIAL_REFUSALS)[number];

/** Callers with credentials who are refused again and again, beside a scanner that has none and is much faster. */
export function access(context: Context, { alerts }: Topic): Coverage {
  const { perSecond, window } = context.options.alerts.HighAccessDenialRate;
  const { below, above } = around(perSecond * stepOf(context), window, context);
  const growth = { below: below / 2, above: above / 2 };
  const { accessDenials } = catalog;
  const refused = (reasons: readonly Reason[]): Story => ({
    course: { kind: "average", window },
    series: [
      ...reasons.flatMap((reason) => [
        ...counter(accessDenials, { interface: "mcp", reason }, growth),
        ...counter(accessDenials, { interface: "rest", reason }, growth),
      ]),
      ...counter(accessDenials, { interface: "mcp", reason: "no_credentials" }, above * 100),
      ...counter(accessDenials, { interface: "rest", reason: "unknown_api_key" }, above * 100),
      ...counter(accessDenials, { interface: "mcp", reason: "token_with_wrong_signature" }, above * 100),
      ...counter(accessDenials, { interface: "other", reason: "host" }, above * 100),
      ...counter(accessDenials, { interface: "mcp", reason: "expired_token" }, above * 100),
    ],
    firing: reasons.map((reason) => ({ reason })),
  });
  // Each fires by itself: of a reason that is missing in the rule, nobody would hear. All else is told of them together.
  const except = SCENARIO_KINDS.filter((kind) => kind !== "fires");
  const alone = CREDENTIAL_REFUSALS.map((reason): Story => ({ ...refused([reason]), about: reason, except }));
  return tell(context, alertNamed(alerts, "HighAccessDenialRate"), [...alone, refused(CREDENTIAL_REFUSALS)]);
}
