import { type AuthenticationFailure, catalog, type DenialReason } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import { alertRule, when } from "../define.ts";
import type { Topic } from "../model.ts";
import { by, sum } from "../promql/aggregate.ts";
import { rate } from "../promql/functions.ts";
import { anyOf } from "../promql/select.ts";
import { label, text, value } from "../template.ts";

/**
 * Why somebody is refused who has shown a key of this gateway or a token that its issuer has signed. A scanner has neither, so that none
 * of these counts what comes from anywhere at any rate. `expired_token` is not among them: with it honest clients learn that they need
 * another one.
 */
export const CREDENTIAL_REFUSALS = [
  "permission",
  "not_reached",
  "insufficient_scope",
  "revoked_api_key",
  "expired_api_key",
  "token_of_other_type",
  "token_bound_to_a_key",
  "token_lives_too_long",
  "token_of_the_future",
  "token_with_wrong_iss",
  "token_with_wrong_aud",
  "token_with_wrong_exp",
  "token_with_wrong_nbf",
  "token_with_wrong_claim",
  "unusable_caller_id",
  "issuer_unavailable",
] as const satisfies readonly (AuthenticationFailure | DenialReason)[];

export const REFUSED_WITH_CREDENTIALS = anyOf(...CREDENTIAL_REFUSALS);

/** Whether those who should be let in are. */
export function access({ options, rules }: Context): Topic {
  const setting = options.alerts.HighAccessDenialRate;
  const denied = rules.series(catalog.accessDenials, { reason: REFUSED_WITH_CREDENTIALS });
  const perSecond = sum(rate(denied, setting.window), by("job", "reason"));
  const condition = when(perSecond, ">", { threshold: setting.perSecond, unit: "reqps" });
  return {
    name: "access",
    recordingRules: [],
    alerts: [
      alertRule({
        alert: "HighAccessDenialRate",
        setting,
        expr: condition.expr,
        conditions: [condition],
        summary: text`${label("job")} refuses ${value("number")} requests a second with credentials of its own (${label("reason")})`,
        description: text`Over ${setting.window}, ${value("number")} requests a second were refused because of ${label("reason")}, more than ${setting.perSecond}. Whoever sends them has a key of the gateway or a token of its issuer, so this is no scanner: a program is set up wrongly, or does what it should not.`,
        dashboard: { uid: "mcp-hangar-overview" },
      }),
    ],
  };
}
