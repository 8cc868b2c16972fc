import type { Receiver } from "./notification-sink.ts";
import type { Answer } from "./receivers/answer.ts";
import { pagerDutyAnswer } from "./receivers/pagerduty.ts";
import { slackAnswer } from "./receivers/slack.ts";
import { webhookAnswer } from "./receivers/webhook.ts";

/** Answers as the real receiver does to a request with this body, which is `payload` as JSON. */
export function answerOf(receiver: Receiver | undefined, body: string, payload: unknown): Answer {
  switch (receiver) {
    case "pagerduty":
      return pagerDutyAnswer(body, payload);
    case "slack":
      return slackAnswer(payload);
    case "info":
    case "heartbeat":
    case "default":
      return webhookAnswer(payload);
    case undefined:
      return { status: 404, body: "{}", refusal: "nobody listens there" };
  }
}
