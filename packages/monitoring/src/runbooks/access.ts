import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, sum } from "../promql/aggregate.ts";
import { increase, rate } from "../promql/functions.ts";
import { log, query } from "./look.ts";

/** Requests that were not let in although they came with credentials. */
export function access({ options, rules }: Context): readonly Runbook[] {
  const setting = options.alerts.HighAccessDenialRate;
  const denials = rules.series(catalog.accessDenials);
  const changes = rules.series(catalog.operations);
  return [
    {
      alert: "MCPHangarHighAccessDenialRate",
      meaning: `For ${setting.for}, more than ${setting.perSecond} requests a second were refused for the reason in the alert. All reasons that count are those of callers who have shown a key of the gateway, or a token that its issuer has signed.`,
      impact:
        "The agents or programs that send them cannot work. Scanners and guessed keys are not counted: the dashboard shows them beside these.",
      confirm: [
        {
          question: "At which interface, and for what reasons?",
          look: query(sum(rate(denials, setting.window), by("interface", "reason"))),
        },
        {
          question: "Who is refused, and what for? Many lines become one that counts.",
          look: log(
            ["access_denied", "authentication_failed", "events_repeated"],
            "reason",
            "caller",
            "permission",
            "remote_address",
          ),
        },
        {
          question: "Has anybody changed keys or servers in the last hour?",
          look: query(sum(increase(changes, "1h"), by("operation", "result"))),
        },
      ],
      causes: [
        {
          cause: "A role lacks what its callers need",
          sign: "`permission` or `not_reached`, from one caller, since a role or a list of servers was changed.",
          mend: "Give the role the permission, or the server, in `auth.roles`; `mcp-hangar config reload` puts it into force.",
        },
        {
          cause: "A key ran out or was revoked while a program still uses it",
          sign: "`expired_api_key` or `revoked_api_key`.",
          mend: "Create another one and give it to the program. A revoked one that nobody should have any more is used by somebody else: look at the address.",
        },
        {
          cause: "Tokens are made for something else",
          sign: "`token_with_wrong_aud`, `token_with_wrong_iss` or `insufficient_scope`.",
          mend: "Have the client ask its issuer for a token with the audience and the scopes of `auth.jwt`.",
        },
        {
          cause: "Clocks differ",
          sign: "`token_of_the_future` or `token_with_wrong_nbf`.",
          mend: "Set the clock of the gateway or of the issuer right.",
        },
        {
          cause: "The keys of the issuer cannot be fetched",
          sign: "`issuer_unavailable`: every caller with a token is refused with 503.",
          mend: "Bring the issuer back, or open the way to it. API keys work meanwhile.",
        },
        {
          cause: "An agent or a person tries what they may not do",
          sign: "`permission` or `not_reached`, from one caller, for one thing after another.",
          mend: "Revoke the key, or end the session at the issuer, and ask whose it is.",
        },
      ],
      actions: ["Name the caller first: everything else follows from whether they should have been let in."],
      escalate: "Tell those who are responsible for security if the caller cannot explain it.",
      resolves: `When fewer are refused, over ${setting.window}.`,
    },
  ];
}
