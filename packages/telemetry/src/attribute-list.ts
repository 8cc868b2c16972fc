import type { SpanAttributes } from "./tracer.ts";

type Value = SpanAttributes[string];

/**
 * Attributes in the order in which they were put, each name once. A span of a call has some thirty: an object with as many keys takes ten
 * times as long to fill and to read.
 */
export class AttributeList {
  readonly names: string[] = [];
  /** By the place of their names. */
  readonly values: Value[] = [];
  #isRepeated = false;

  /** Whether it stands in many records as it is, so that an encoder may keep what it made of it. */
  get isRepeated(): boolean {
    return this.#isRepeated;
  }

  /** Says so: nothing is put into it any more. */
  asRepeated(): this {
    this.#isRepeated = true;
    return this;
  }

  static of(attributes: SpanAttributes): AttributeList {
    const list = new AttributeList();
    for (const [name, value] of Object.entries(attributes)) list.put(name, value);
    return list;
  }

  /** Adds an attribute that the list does not have; one without a value is left out. */
  put(name: string, value: Value | undefined): void {
    if (value === undefined) return;
    this.names.push(name);
    this.values.push(value);
  }

  get(name: string): Value | undefined {
    return this.values[this.names.indexOf(name)];
  }

  toObject(): SpanAttributes {
    const attributes: Record<string, Value> = {};
    for (const [place, value] of this.values.entries()) attributes[this.names[place] ?? ""] = value;
    return attributes;
  }
}
