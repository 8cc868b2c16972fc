import type { LabelSpec, LabelSpecs } from "@mcp-hangar/telemetry";
import { IdleServers, type ZeroSeries } from "./idle-servers.ts";
import { absentValue, type Labels, LabelValues, OTHER, type SuppliedLabels } from "./label-values.ts";

/** What an observation of a tool counts for: the tool itself, the server as a whole, or that too for want of room. */
export type ToolPlace = "own" | "gone" | "folded";

export interface LabelSetsOptions<Series> {
  /** How many label sets real observations may create; pre-initialisation may use half of it. */
  readonly limit: number;
  /** A server that is not known gets no series of its own. */
  readonly isKnownServer: (server: string) => boolean;
  /** Asked before a tool of a known server gets a series of its own. */
  readonly placeOfTool: (server: string, tool: string) => ToolPlace;
  /** What each server has with 0 before anything is counted of it: label sets that lack its name only. None by default. */
  readonly ofServer?: readonly Labels[];
  /** When a series that is created now came to be, as `FirstIncreases` counts. */
  readonly birth: () => number;
  /** Makes the series of a new label set. */
  readonly create: (labels: Labels, birth: number) => Series;
}

/** An inner node has children, a leaf has a series; neither allocates what it does not need. */
interface Node<Series> {
  children: Map<string, Node<Series>> | undefined;
  series: Series | undefined;
}

/**
 * The series of one metric, in a tree with one level a label: finding one costs a map look-up a label and allocates
 * nothing. It also decides which label set an observation may use; whatever may not have its own is folded into `_other`.
 */
export class LabelSets<Series extends object> {
  readonly #values: LabelValues;
  /** The server comes first, so that the series of one server are one branch. */
  readonly #levels: readonly (readonly [name: string, spec: LabelSpec])[];
  readonly #options: LabelSetsOptions<Series>;
  readonly #root: Node<Series> = newNode();
  readonly #all = new Set<Series>();
  /** Servers whose series are those of `ofServer`, all 0: none of them is in the tree. */
  readonly #idle: IdleServers;
  #folded = 0;

  constructor(specs: LabelSpecs, options: LabelSetsOptions<Series>) {
    this.#values = new LabelValues(specs);
    this.#levels = this.#values.specs.toSorted(([a], [b]) => Number(b === "mcp_server") - Number(a === "mcp_server"));
    this.#options = options;
    this.#idle = new IdleServers(options.ofServer ?? []);
  }

  /** How many observations found no room within the limit. */
  get folded(): number {
    return this.#folded;
  }

  /** Every series that is kept; safe to iterate while series come and go, and never more than there are now. */
  *all(): Iterable<Series> {
    let remaining = this.#all.size;
    for (const series of this.#all) {
      if (remaining === 0) return;
      remaining -= 1;
      yield series;
    }
  }

  /** Every series there is, those that are kept and those of idle servers: each once, though servers begin to be used meanwhile. */
  *shown(): Iterable<Series | ZeroSeries> {
    const idle = this.#idle.names;
    yield* this.all();
    yield* this.#idle.seriesOf(idle);
  }

  /** The series that an observation with these labels belongs to, created if need be. */
  admit(supplied: SuppliedLabels): Series {
    return this.#find(supplied) ?? this.#admitNew(supplied);
  }

  /** Creates a series before its first observation, unless it exists or half of the limit is used up. */
  reserve(labels: Labels): void {
    const own = this.#values.normalise(labels);
    this.#wake(own.mcp_server);
    if (this.#find(own) !== undefined) return;
    if (this.#values.isFolded(own) || this.#size < this.#options.limit / 2) this.#insert(own);
  }

  /** Reserves what each server has. Nothing of it is kept until something is counted. */
  reserveServer(server: string): void {
    const value = this.#values.valueOf(server);
    const isKept = value === OTHER || this.#root.children?.has(value) === true;
    if (!isKept && this.#size + this.#idle.seriesEach <= this.#options.limit / 2) {
      this.#idle.add(value, this.#options.birth());
    } else {
      for (const labels of this.#idle.labelsOf(value)) this.reserve(labels);
    }
  }

  /** Keeps the series of all servers from now on, as whoever reads them elsewhere expects. */
  wakeAll(): void {
    for (const server of this.#idle.names) this.#wake(server);
  }

  /** Takes out and returns the series of a server, or of a discovery source. */
  forget(label: "mcp_server" | "source", name: string): readonly Series[] {
    const value = this.#values.valueOf(name);
    if (label === "mcp_server") this.#idle.take(value);
    const branch = this.#levels[0]?.[0] === label ? this.#root.children?.get(value) : undefined;
    if (branch === undefined || value === OTHER) return [];
    this.#root.children?.delete(value);
    const removed = [...seriesBelow(branch)];
    for (const series of removed) this.#all.delete(series);
    return removed;
  }

  /** Takes out and returns the series of one tool. */
  forgetTool(server: string, tool: string): readonly Series[] {
    const value = this.#values.valueOf(tool);
    const level = this.#levels.findIndex(([name]) => name === "tool");
    const branch = level === 1 ? this.#root.children?.get(this.#values.valueOf(server)) : undefined;
    const own = branch?.children?.get(value);
    if (own === undefined || value === OTHER) return [];
    branch?.children?.delete(value);
    const removed = [...seriesBelow(own)];
    for (const series of removed) this.#all.delete(series);
    return removed;
  }

  #find(supplied: SuppliedLabels): Series | undefined {
    let node: Node<Series> | undefined = this.#root;
    for (const [name, spec] of this.#levels) {
      node = node.children?.get(supplied[name] ?? absentValue(spec));
      if (node === undefined) return undefined;
    }
    return node.series;
  }

  #admitNew(supplied: SuppliedLabels): Series {
    const server = supplied.mcp_server;
    if (server !== undefined && !this.#options.isKnownServer(server)) return this.#other(supplied);
    const place = placeOf(supplied, this.#options);
    if (place === "folded") this.#folded += 1;
    if (place !== "own") return this.admit({ ...supplied, tool: undefined });
    const own = this.#values.normalise(supplied);
    this.#wake(own.mcp_server);
    // A name that had to be normalised takes this path each time; its series exists after the first, as do those of a server.
    const existing = this.#find(own);
    if (existing !== undefined) return existing;
    if (this.#values.isFolded(own) || this.#size < this.#options.limit) return this.#insert(own);
    this.#folded += 1;
    return this.#other(supplied);
  }

  /** The series with every name folded. There are few, since closed labels have few values, so no limit applies. */
  #other(supplied: SuppliedLabels): Series {
    const folded = this.#values.fold(supplied);
    return this.#find(folded) ?? this.#insert(folded);
  }

  get #size(): number {
    return this.#all.size + this.#idle.series;
  }

  /** Keeps the series of a server that was idle. */
  #wake(server: string | undefined): void {
    const birth = server === undefined ? undefined : this.#idle.take(server);
    if (server === undefined || birth === undefined) return;
    for (const labels of this.#idle.labelsOf(server)) this.#insert(labels, birth);
  }

  #insert(labels: Labels, birth = this.#options.birth()): Series {
    let node = this.#root;
    for (const [name] of this.#levels) {
      const value = labels[name] ?? OTHER;
      node.children ??= new Map();
      const child = node.children.get(value) ?? newNode<Series>();
      node.children.set(value, child);
      node = child;
    }
    const series = this.#options.create(labels, birth);
    node.series = series;
    this.#all.add(series);
    return series;
  }
}

function placeOf({ mcp_server: server, tool }: SuppliedLabels, { placeOfTool }: LabelSetsOptions<object>): ToolPlace {
  return server === undefined || tool === undefined ? "own" : placeOfTool(server, tool);
}

function newNode<Series>(): Node<Series> {
  return { children: undefined, series: undefined };
}

function* seriesBelow<Series>(node: Node<Series>): Iterable<Series> {
  if (node.series !== undefined) yield node.series;
  for (const child of node.children?.values() ?? []) yield* seriesBelow(child);
}
