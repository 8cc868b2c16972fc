import { z } from "zod";
import { type Answer, flawsOf } from "./answer.ts";

const url = z.string().refine((text) => URL.canParse(text), "is no URL");

/**
 * An event of PagerDuty's Events API v2. Fields, enumerations and what is required are those of github.com/PagerDuty/api-schema,
 * reference/events-v2/openapiv3.json, at 91a06fb; what that does not name is refused here, where PagerDuty drops it.
 */
const pagerDutyEvent = z.strictObject({
  routing_key: z.string(),
  event_action: z.enum(["trigger", "acknowledge", "resolve"]),
  dedup_key: z.string().optional(),
  client: z.string().optional(),
  client_url: url.optional(),
  links: z.array(z.strictObject({ href: url, text: z.string().optional() })).optional(),
  images: z.array(z.strictObject({ src: url, href: url.optional(), alt: z.string().optional() })).optional(),
  payload: z.strictObject({
    summary: z.string(),
    severity: z.enum(["critical", "error", "warning", "info"]),
    source: z.string(),
    timestamp: z.iso.datetime({ offset: true }).optional(),
    component: z.string().optional(),
    group: z.string().optional(),
    class: z.string().optional(),
    // What the generated configuration puts there, and what Alertmanager adds.
    custom_details: z.object({ firing: z.string(), resolved: z.string(), runbook: url }).catchall(z.unknown()),
  }),
});

export type PagerDutyEvent = z.infer<typeof pagerDutyEvent>;

/** Characters of a routing key, which is what the API complains of. */
const ROUTING_KEY_LENGTH = 32;
/** Characters, as docs/events-API-v2 of github.com/PagerDuty/developer-docs has them. Longer summaries PagerDuty cuts; what is cut nobody reads. */
const SUMMARY_MAX = 1_024;
const DEDUP_KEY_MAX = 255;
/** Bytes. */
const EVENT_MAX = 512_000;

/** Answers as PagerDuty does: 202 for an event that it takes, 400 with the reasons for one that it does not. */
export function pagerDutyAnswer(body: string, given: unknown): Answer {
  const { data, error } = pagerDutyEvent.safeParse(given);
  const errors =
    data === undefined
      ? error.issues.map(({ path, message }) => `'${path.join(".")}' is invalid: ${message}`)
      : [
          ...complaintsOf(data),
          ...(Buffer.byteLength(body) > EVENT_MAX ? [`the event has more than ${EVENT_MAX} bytes`] : []),
        ];
  if (errors.length === 0) {
    return { status: 202, body: '{"status":"success","message":"Event processed"}', refusal: undefined };
  }
  const said = JSON.stringify({ status: "invalid event", message: "Event object is invalid", errors });
  return { status: 400, body: said, refusal: errors.join(", ") };
}

function complaintsOf({ routing_key, event_action, dedup_key = "", payload }: PagerDutyEvent): readonly string[] {
  const { summary, source, custom_details } = payload;
  return [
    routing_key.length === ROUTING_KEY_LENGTH
      ? []
      : `Length of 'routing_key' is incorrect (should be ${ROUTING_KEY_LENGTH} characters)`,
    event_action !== "trigger" && dedup_key.trim() === "" ? "'dedup_key' is missing or blank" : [],
    dedup_key.length > DEDUP_KEY_MAX ? `'dedup_key' is too long (maximum is ${DEDUP_KEY_MAX} characters)` : [],
    Array.from(summary).length > SUMMARY_MAX
      ? `'payload.summary' is too long (maximum is ${SUMMARY_MAX} characters)`
      : [],
    flawsOf("'payload.summary'", summary),
    flawsOf("'payload.source'", source),
    ...Object.entries(custom_details).map(([name, detail]) => flawsOf(`the detail '${name}'`, String(detail))),
  ].flat();
}
