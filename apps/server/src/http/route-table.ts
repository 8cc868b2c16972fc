import type { Route, RouteMethod } from "./route.ts";

/** Where a path leads: the routes behind it by method, and how a client may ask. */
export interface RouteMatch {
  /** Value of the `Allow` header. */
  readonly allow: string;
  /** The route of a method, with what stood in its `{name}` segments; HEAD is asked as GET. */
  find(method: string): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | undefined;
}

/** A segment of a path: itself, or the name under which any is taken. */
type Segment = { readonly kind: "exact"; readonly text: string } | { readonly kind: "any"; readonly name: string };

interface CompiledRoute {
  readonly route: Route;
  readonly segments: readonly Segment[];
}

/** Methods in the order in which `Allow` lists them. */
const METHODS: readonly RouteMethod[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** All routes of a listener, by path and method. */
export class RouteTable {
  readonly #routes: readonly CompiledRoute[];

  /** @throws when two routes have the same method and the same shape of path. */
  constructor(routes: readonly Route[]) {
    const seen = new Set<string>();
    for (const { method, path } of routes) {
      const key = `${method} ${path.replaceAll(/\{[^}]*\}/g, "{}")}`;
      if (seen.has(key)) throw new Error(`two routes are ${key}`);
      seen.add(key);
    }
    const compiled = routes.map((route) => ({ route, segments: route.path.split("/").map(segmentOf) }));
    // A path that is spelled out wins over one that takes any name.
    this.#routes = compiled.sort((one, other) => names(one) - names(other));
  }

  /** Where a path leads; `undefined` when nothing is there. */
  match(path: string): RouteMatch | undefined {
    const segments = path.split("/");
    const matches = this.#routes.flatMap((candidate) => {
      const params = paramsOf(candidate.segments, segments);
      return params === undefined ? [] : [{ route: candidate.route, params }];
    });
    if (matches.length === 0) return undefined;
    const methods = METHODS.filter((method) => matches.some(({ route }) => route.method === method));
    const allow = [...methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])), "OPTIONS"];
    return {
      allow: allow.join(", "),
      find(method) {
        const wanted = method === "HEAD" ? "GET" : method;
        return matches.find(({ route }) => route.method === wanted);
      },
    };
  }
}

function segmentOf(text: string): Segment {
  const name = /^\{([a-z_]+)\}$/.exec(text)?.[1];
  return name === undefined ? { kind: "exact", text } : { kind: "any", name };
}

function names({ segments }: CompiledRoute): number {
  return segments.filter(({ kind }) => kind === "any").length;
}

/** What stands in the named segments; `undefined` when the path is another one. */
function paramsOf(pattern: readonly Segment[], actual: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== actual.length) return undefined;
  const params: [string, string][] = [];
  for (const [index, segment] of pattern.entries()) {
    const text = actual[index] ?? "";
    if (segment.kind === "exact") {
      if (segment.text !== text) return undefined;
      continue;
    }
    const value = decode(text);
    if (value === undefined || value === "") return undefined;
    params.push([segment.name, value]);
  }
  return Object.fromEntries(params);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins nothing: no name has one.
    return undefined;
  }
}
