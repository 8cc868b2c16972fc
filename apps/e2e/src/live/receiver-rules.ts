import type { Receiver } from "./notification-sink.ts";

/** What a receiver answers: the status, the body, and why it refuses. `undefined` means that it accepts. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly refusal: string | undefined;
}

/** Answers as the real receiver does. A webhook of one's own accepts everything. */
export function answerOf(receiver: Receiver | undefined, payload: unknown): Answer {
  switch (receiver) {
    case "pagerduty":
      return pagerDutyAnswer(payload as PagerDutyEvent);
    case "slack":
      return slackAnswer(payload as SlackMessage);
    case "info":
    case "heartbeat":
    case "default":
      return { status: 200, body: "{}", refusal: undefined };
    case undefined:
      return { status: 404, body: "{}", refusal: "nobody listens there" };
  }
}

/** An event of PagerDuty's Events API v2, as far as it is read here. Nothing is known of it before it was checked. */
export interface PagerDutyEvent {
  readonly routing_key?: string;
  readonly event_action?: string;
  readonly dedup_key?: string;
  readonly client_url?: string;
  readonly payload?: {
    readonly summary?: string;
    readonly severity?: string;
    readonly source?: string;
    readonly custom_details?: Readonly<Record<string, string>>;
  };
}

/**
 * Required fields and enumerations are those of github.com/PagerDuty/api-schema, reference/events-v2/openapiv3.json; the
 * length of the key is what the API complains of. Longer summaries PagerDuty cuts, and here they are refused, for what is
 * cut nobody reads.
 */
function pagerDutyAnswer({ routing_key, event_action, dedup_key, client_url, payload }: PagerDutyEvent): Answer {
  const { summary = "", severity = "", source = "" } = payload ?? {};
  const errors = [
    routing_key?.length === 32 ? [] : "Length of 'routing_key' is incorrect (should be 32 characters)",
    ["trigger", "resolve"].includes(event_action ?? "") ? [] : "'event_action' is invalid",
    event_action === "resolve" && blank(dedup_key ?? "") ? "'dedup_key' is missing or blank" : [],
    blank(summary) ? "'payload.summary' is missing or blank" : [],
    Array.from(summary).length > 1_024 ? "'payload.summary' is too long (maximum is 1024 characters)" : [],
    ["critical", "error", "warning", "info"].includes(severity) ? [] : "'payload.severity' is invalid",
    blank(source) ? "'payload.source' is missing or blank" : [],
    URL.canParse(client_url ?? "") ? [] : "'client_url' is no URL",
    JSON.stringify(payload).length > 512_000 ? "Event is too large" : [],
  ].flat();
  const message = { status: "invalid event", message: "Event object is invalid", errors };
  return errors.length === 0
    ? { status: 202, body: '{"status":"success","message":"Event processed"}', refusal: undefined }
    : { status: 400, body: JSON.stringify(message), refusal: errors.join(", ") };
}

/** A message of an incoming webhook of Slack, as Alertmanager writes it. */
export interface SlackMessage {
  readonly attachments?: readonly {
    readonly title?: string;
    readonly title_link?: string;
    readonly text?: string;
    readonly fallback?: string;
  }[];
}

/** Slack refuses a message without any text; a blank part, a dead link or a cut text are refused here too. */
function slackAnswer({ attachments = [] }: SlackMessage): Answer {
  const refusal = [
    attachments.length === 0 ? "no_text" : [],
    attachments.length > 100 ? "too_many_attachments" : [],
    ...attachments.flatMap(({ title = "", title_link = "", text = "", fallback = "" }) => [
      [title, text, fallback].some(blank) ? "no_text" : [],
      URL.canParse(title_link) ? [] : "invalid_payload",
      Array.from(text).length > 40_000 ? "msg_too_long" : [],
      /<!|<@/.test(`${title}${text}${fallback}`) ? "somebody is mentioned" : [],
    ]),
  ].flat();
  return refusal.length === 0
    ? { status: 200, body: "ok", refusal: undefined }
    : { status: 400, body: refusal.join(), refusal: refusal.join(", ") };
}

function blank(text: string): boolean {
  return text.trim() === "";
}
