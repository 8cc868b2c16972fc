import { expect, it } from "vitest";
import { seededRandom } from "../testing/seeded-random.ts";
import { type Linked, LinkedList } from "./linked-list.ts";

interface Node extends Linked<Node> {
  readonly name: number;
}

it("holds what was pushed and not removed, in the order of arrival", () => {
  const random = seededRandom(7);
  const list = new LinkedList<Node>();
  let expected: Node[] = [];
  for (let name = 0; name < 2_000; name++) {
    if (expected.length > 0 && random.chance(0.5)) {
      const gone = expected[random.integer(0, expected.length - 1)];
      if (gone === undefined) throw new Error("there is one");
      list.remove(gone);
      expected = expected.filter((node) => node !== gone);
      // It may come back, at the end.
      if (random.chance(0.3)) {
        list.push(gone);
        expected.push(gone);
      }
    } else {
      const node: Node = { name, previous: undefined, next: undefined };
      list.push(node);
      expected.push(node);
    }
    const found: number[] = [];
    for (let node = list.first; node !== undefined; node = node.next) found.push(node.name);
    expect(found).toEqual(expected.map((node) => node.name));
  }
});
