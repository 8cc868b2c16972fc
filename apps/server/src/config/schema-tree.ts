import type { z } from "zod";
import type { ConfigPath } from "./problem.ts";

/** A schema without its wrappers (`default`, `prefault`, `optional`), and what the wrappers said. */
export interface UnwrappedSchema {
  readonly schema: z.core.$ZodTypes;
  readonly description: string | undefined;
  readonly optional: boolean;
  /** The default value of a leaf; `undefined` when there is none. */
  readonly defaultValue: unknown;
}

/** Takes the wrappers off a schema. The outermost description wins. */
export function unwrapSchema(wrapped: z.core.$ZodType): UnwrappedSchema {
  // Every schema that zod constructs is one of the members of this union; `def.type` tells which.
  let schema = wrapped as z.core.$ZodTypes;
  let description = descriptionOf(schema);
  let optional = false;
  let defaultValue: unknown;
  for (;;) {
    const { def } = schema._zod;
    if (def.type !== "default" && def.type !== "prefault" && def.type !== "optional") break;
    optional = true;
    if (def.type !== "optional") defaultValue ??= def.defaultValue;
    schema = def.innerType as z.core.$ZodTypes;
    description ??= descriptionOf(schema);
  }
  return { schema, description, optional, defaultValue };
}

/** The keys that are valid at `path`; `undefined` when there is no object with fixed keys. `root` tells unions apart. */
export function validKeysAt(schema: z.core.$ZodType, path: ConfigPath, root: unknown): readonly string[] | undefined {
  const { schema: found } = unwrapSchema(descend(schema, path, root) ?? schema);
  const object =
    found._zod.def.type === "union" ? branch(found as z.core.$ZodDiscriminatedUnion, valueAt(root, path)) : found;
  return object?._zod.def.type === "object" ? Object.keys((object as z.core.$ZodObject)._zod.def.shape) : undefined;
}

/** The value at `path` in plain data; only own properties count. */
export function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part) ? Reflect.get(value, part) : undefined,
    root,
  );
}

/** The schema at `path`, or `undefined` when the path leaves the schema. */
function descend(schema: z.core.$ZodType, path: ConfigPath, root: unknown): z.core.$ZodType | undefined {
  const [part, ...rest] = path;
  if (part === undefined) return schema;
  const below = child(unwrapSchema(schema).schema, part, root);
  return below && descend(below, rest, valueAt(root, [part]));
}

function child(schema: z.core.$ZodTypes, part: string | number, value: unknown): z.core.$ZodType | undefined {
  const { def } = schema._zod;
  if (def.type === "object") return Object.hasOwn(def.shape, part) ? def.shape[part] : undefined;
  if (def.type === "record") return def.valueType;
  if (def.type === "array") return def.element;
  const chosen = def.type === "union" ? branch(schema as z.core.$ZodDiscriminatedUnion, value) : undefined;
  return chosen && child(chosen, part, value);
}

/** The member of a discriminated union that `value` names. */
function branch(union: z.core.$ZodDiscriminatedUnion, value: unknown): z.core.$ZodTypes | undefined {
  const { discriminator, options } = union._zod.def;
  if (discriminator === undefined) return undefined;
  const named = valueAt(value, [discriminator]);
  const found = options.find((option) => option._zod.propValues?.[discriminator]?.has(named as z.core.util.Primitive));
  return found && unwrapSchema(found).schema;
}

function descriptionOf(schema: z.core.$ZodTypes): string | undefined {
  return (schema as unknown as z.ZodType).description;
}
