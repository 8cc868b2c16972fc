import {
  type Attempt,
  type AttributeList,
  attributesOfAttempt,
  type CallFacts,
  HANGAR_ATTRIBUTES as HANGAR,
  knownSecrets,
  OTEL_ATTRIBUTES as OTEL,
  type RequestFacts,
} from "@mcp-hangar/telemetry";

/** Attributes of a call that hold for its attempts as well. */
const SHARED = [
  OTEL.mcpMethodName,
  OTEL.genAiOperationName,
  OTEL.genAiToolName,
  OTEL.genAiPromptName,
  OTEL.mcpResourceUri,
  HANGAR.toolName,
  HANGAR.serverGroupId,
] as const;
/** Tools of which the last is kept. */
const TOOLS_MAX = 1_024;

/** What the attributes of a successful attempt at a tool follow from. */
interface Known {
  readonly attempt: Attempt;
  readonly tool: string;
  readonly group: string | undefined;
  readonly secretsVersion: number;
  readonly attributes: AttributeList;
}

/** The attributes of attempts. Those that succeed at one tool have the same ones, call by call: they are one list, and encoded once. */
export class AttemptAttributes {
  /** By server and tool. */
  readonly #known = new Map<string, Known>();

  /** Of an attempt that the answer came from, or of another. */
  of(attempt: Attempt, facts: CallFacts | RequestFacts, ofCall: AttributeList): AttributeList {
    const tool = facts.kind === "call" && attempt.code === "success" ? facts.knownTool : undefined;
    if (facts.kind !== "call" || tool === undefined || facts.rpcErrorCode !== undefined)
      return made(attempt, facts, ofCall);
    const key = `${attempt.server} ${tool}`;
    const known = this.#known.get(key);
    if (known !== undefined && isSame(known, attempt, tool, facts.group)) return known.attributes;
    const attributes = made(attempt, facts, ofCall).asRepeated();
    if (this.#known.size >= TOOLS_MAX) this.#known.clear();
    this.#known.set(key, { attempt, tool, group: facts.group, secretsVersion: knownSecrets.version, attributes });
    return attributes;
  }
}

function isSame(
  { attempt: one, tool, group, secretsVersion }: Known,
  other: Attempt,
  ...of: [string, string | undefined]
): boolean {
  return (
    one.server === other.server &&
    one.mode === other.mode &&
    one.protocolVersion === other.protocolVersion &&
    one.address === other.address &&
    tool === of[0] &&
    group === of[1] &&
    secretsVersion === knownSecrets.version
  );
}

function made(attempt: Attempt, facts: CallFacts | RequestFacts, ofCall: AttributeList): AttributeList {
  const attributes = attributesOfAttempt(attempt, attempt === facts.reached ? facts.rpcErrorCode : undefined);
  for (const shared of SHARED) attributes.put(shared, ofCall.get(shared));
  return attributes;
}
