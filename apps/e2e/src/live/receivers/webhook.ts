import { z } from "zod";
import { type Answer, flawsOf } from "./answer.ts";

const labels = z.record(z.string(), z.string());
const status = z.enum(["firing", "resolved"]);

/** What Alertmanager's documentation promises a webhook: version 4 of the message. It may grow. */
const webhookMessage = z.object({
  version: z.literal("4"),
  groupKey: z.string().min(1),
  truncatedAlerts: z.int().min(0).optional(),
  status,
  receiver: z.string().min(1),
  groupLabels: labels,
  commonLabels: labels,
  commonAnnotations: labels,
  externalURL: z.url(),
  alerts: z
    .array(
      z.object({
        status,
        labels: labels.and(z.object({ alertname: z.string().min(1) })),
        annotations: labels,
        startsAt: z.iso.datetime({ offset: true }),
        endsAt: z.iso.datetime({ offset: true }),
        generatorURL: z.string(),
        fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
      }),
    )
    .min(1),
});

export type WebhookMessage = z.infer<typeof webhookMessage>;

/** Takes what is as documented, and whose texts are complete. */
export function webhookAnswer(given: unknown): Answer {
  const { data, error } = webhookMessage.safeParse(given);
  const refusal =
    data === undefined
      ? error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
      : data.alerts.flatMap(({ annotations }) =>
          Object.entries(annotations).flatMap(([name, text]) => flawsOf(name, text)),
        );
  return refusal.length === 0
    ? { status: 200, body: "{}", refusal: undefined }
    : { status: 400, body: "{}", refusal: refusal.join(", ") };
}
