/** A JSON Schema, or anything else that is JSON. */
type Json = Readonly<Record<string, unknown>>;

/** One operation of an OpenAPI document, as far as tests look at it. */
export interface DocumentedOperation {
  readonly method: string;
  readonly path: string;
  readonly id: string;
  /** `undefined`: for everybody. */
  readonly permission: string | undefined;
  readonly pathParameters: readonly string[];
  /** Schema of the JSON that a success answers; `undefined` when it is no JSON. */
  readonly output: Json | undefined;
}

interface DocumentedItem {
  readonly operationId: string;
  readonly "x-permission"?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: Json }>> }>
  >;
}

/** The operations of an OpenAPI document. */
export function operationsOf(document: Json): readonly DocumentedOperation[] {
  // The document is one that a validator has found good.
  const paths = document.paths as Readonly<Record<string, Readonly<Record<string, DocumentedItem>>>>;
  return Object.entries(paths).flatMap(([path, items]) =>
    Object.entries(items).map(([method, item]) => ({
      method: method.toUpperCase(),
      path,
      id: item.operationId,
      permission: item["x-permission"],
      pathParameters: (item.parameters ?? []).filter((each) => each.in === "path").map(({ name }) => name),
      output: item.responses["200"]?.content["application/json"]?.schema,
    })),
  );
}
