import { readFileSync } from "node:fs";
import { GROUP, SERVER, type Walker } from "./step.ts";

/** What stands for the names in paths. */
export const VALUES: Readonly<Record<string, string>> = { server: SERVER, group: GROUP };
/** Input of operations that do something with less than all of their fields. */
export const BODIES: Readonly<Record<string, object>> = {
  setGroupRotation: { in_rotation: true },
  runBatch: { calls: [] },
};

/** An operation of the management, as the documentation has it. */
export interface Documented {
  readonly id: string;
  readonly method: string;
  /** Its path, with names in braces. */
  readonly template: string;
  readonly permission: string | undefined;
  readonly tool: string | undefined;
}

/** Every operation of the management that is documented. */
export function documented(): readonly Documented[] {
  const reference = new URL("../../../../../docs/reference/", import.meta.url);
  const document = JSON.parse(readFileSync(new URL("openapi.json", reference), "utf8")) as {
    readonly paths: Record<string, Record<string, { readonly operationId: string; readonly "x-permission"?: string }>>;
  };
  const page = readFileSync(new URL("api.md", reference), "utf8");
  const tools = new Map(
    [...page.matchAll(/`(hangar_\w+)` \(`operationId` `(\w+)`\)/g)].map(([, tool = "", id = ""]) => [id, tool]),
  );
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id, "x-permission": permission }]) => ({
      id,
      method: method.toUpperCase(),
      template: path,
      permission,
      tool: tools.get(id),
    })),
  );
}

/** What an operation causes for a caller who may use it. */
export function operationFacts(id: string, { name }: Walker): readonly string[] {
  const operation = `operation.finished ${id} ${name}`;
  if (id === "callServerTool") return [`call.finished ${name}`];
  if (id === "runBatch") return ["batch.finished", operation];
  if (id === "reloadConfig") return [`config.reloaded ${name}`, operation];
  return [operation];
}

/** A call of a tool of the management. */
interface ManagementCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly permission: string;
  /** What it causes for a caller who may use it. */
  readonly facts: (walker: Walker) => readonly string[];
}

/** The tools of what the gateways of the walk have not configured: a discovery source, an audit journal. */
const ABSENT = ["hangar_discovery", "hangar_approve", "hangar_reject", "hangar_discover", "hangar_audit"];

/** A call of every tool of the management that is documented. */
export function managementCalls(): readonly ManagementCall[] {
  return documented().flatMap(({ id, template, tool: name, permission = "" }) => {
    if (name === undefined) return [];
    const named = [...template.matchAll(/\{(\w+)\}/g)].map(([, key = ""]) => [key, VALUES[key] ?? "nothing"]);
    const args = { ...Object.fromEntries(named), ...BODIES[id] };
    const facts = (walker: Walker): readonly string[] =>
      ABSENT.includes(name) ? [`call.finished ${walker.name}`] : operationFacts(id, walker);
    return [{ name, arguments: args, permission, facts }];
  });
}
