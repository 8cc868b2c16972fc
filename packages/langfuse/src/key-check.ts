import { type LangfuseApi, outcomeOf } from "./langfuse-api.ts";

/** Whether Langfuse takes the keys. */
export type KeyCheck =
  /** `projects` are those that the keys are of. */
  | { readonly kind: "accepted"; readonly projects: readonly string[] }
  | { readonly kind: "refused"; readonly message: string }
  /** Nobody knows: it cannot be reached, or answers otherwise. */
  | { readonly kind: "unknown"; readonly message: string };

/** Characters of the name of a project that are told. */
const NAME_CHARS_MAX = 200;

/** Asks Langfuse which project the keys belong to. */
export async function checkKeys(api: LangfuseApi, signal: AbortSignal): Promise<KeyCheck> {
  const answer = await api.get("api/public/projects", signal);
  const outcome = outcomeOf(answer);
  if (answer.kind === "answered" && (answer.status === 401 || answer.status === 403)) {
    return { kind: "refused", message: messageOf(outcome) };
  }
  if (outcome.kind !== "delivered" || answer.kind !== "answered")
    return { kind: "unknown", message: messageOf(outcome) };
  const projects = projectsIn(answer.text);
  if (projects === undefined)
    return { kind: "unknown", message: "the answer is not one of Langfuse; is the host right?" };
  return { kind: "accepted", projects };
}

function messageOf(outcome: ReturnType<typeof outcomeOf>): string {
  return ("message" in outcome ? outcome.message : undefined) ?? outcome.kind;
}

function projectsIn(text: string): readonly string[] | undefined {
  try {
    const { data } = JSON.parse(text) as { readonly data?: unknown };
    if (!Array.isArray(data)) return undefined;
    return data.map((project: { readonly name?: unknown }) => String(project?.name).slice(0, NAME_CHARS_MAX));
  } catch {
    return undefined;
  }
}
