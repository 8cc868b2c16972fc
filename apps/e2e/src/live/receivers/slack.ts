import { z } from "zod";
import { type Answer, flawsOf } from "./answer.ts";

const url = z.string().refine((text) => URL.canParse(text), "is no URL");
const color = z.union([z.enum(["good", "warning", "danger"]), z.string().regex(/^#[0-9a-fA-F]{6}$/)]);

/**
 * A message of an incoming webhook with attachments: the fields of `MessageAttachment` in @slack/types 2.16 that have to do with texts, and
 * those of the message around it. What has another name is refused here, where Slack drops it.
 */
const slackMessage = z.strictObject({
  channel: z.string().optional(),
  username: z.string().optional(),
  icon_emoji: z.string().optional(),
  icon_url: url.optional(),
  link_names: z.boolean().optional(),
  text: z.string().optional(),
  attachments: z.array(
    z.strictObject({
      title: z.string().optional(),
      title_link: url.optional(),
      pretext: z.string().optional(),
      text: z.string().optional(),
      fallback: z.string().optional(),
      callback_id: z.string().optional(),
      footer: z.string().optional(),
      color: color.optional(),
      fields: z
        .array(z.strictObject({ title: z.string(), value: z.string(), short: z.boolean().optional() }))
        .optional(),
      mrkdwn_in: z.array(z.enum(["pretext", "text", "fallback", "fields"])).optional(),
      image_url: url.optional(),
      thumb_url: url.optional(),
      ts: z.union([z.number(), z.string()]).optional(),
    }),
  ),
});

export type SlackMessage = z.infer<typeof slackMessage>;

/** An incoming webhook answers with a word, which a client that is told it were JSON cannot read. */
const PLAIN = "text/plain; charset=utf-8";
/** As slack_sdk's `Message` refuses them. */
const ATTACHMENTS_MAX = 100;
/** Characters of a text. Slack cuts what is longer; what is cut nobody reads. */
const TEXT_MAX = 40_000;

/**
 * Answers as an incoming webhook does: the text `ok`, or 400 with a word for the first reason. A blank part, a dead link and a mention that
 * nobody has written are refused too.
 */
export function slackAnswer(given: unknown): Answer {
  const { data, error } = slackMessage.safeParse(given);
  const refusal =
    data === undefined
      ? error.issues.map(({ path, message }) => `invalid_payload (${path.join(".")}: ${message})`)
      : complaintsOf(data);
  return refusal.length === 0
    ? { status: 200, body: "ok", contentType: PLAIN, refusal: undefined }
    : { status: 400, body: refusal[0] ?? "", contentType: PLAIN, refusal: refusal.join(", ") };
}

function complaintsOf({ attachments }: SlackMessage): readonly string[] {
  return [
    attachments.length === 0 ? "no_text" : [],
    attachments.length > ATTACHMENTS_MAX ? "too_many_attachments" : [],
    ...attachments.flatMap(({ title = "", title_link, text = "", fallback = "" }) => [
      ...Object.entries({ title, text, fallback }).map(([name, value]) => flawsOf(name, value)),
      title_link === undefined ? "title_link is missing" : [],
      Array.from(text).length > TEXT_MAX ? "msg_too_long" : [],
      /<!|<@/.test(`${title}${text}${fallback}`) ? "somebody is mentioned" : [],
    ]),
  ].flat();
}
