import { posix } from "node:path";
import type { OptionProblem } from "../../option-problem.ts";
import type { DockerOptions } from "../../options.ts";
import { parseVolume } from "./container-options.ts";

/** Why no engine could make a container of the options, whatever it has. */
export function containerProblems({
  volumes,
  tmpfs,
}: Pick<DockerOptions, "volumes" | "tmpfs">): readonly OptionProblem[] {
  const mounts = [
    // What is no volume or no absolute path at all has been refused by the schema.
    ...volumes.flatMap((volume, index) => {
      const target = parseVolume(volume)?.container;
      return target === undefined ? [] : [{ path: ["volumes", index], target }];
    }),
    ...tmpfs.flatMap((target, index) => (target.startsWith("/") ? [{ path: ["tmpfs", index], target }] : [])),
  ];
  const taken = new Set<string>();
  return mounts.flatMap(({ path, target }) => {
    const place = posix.resolve("/", target);
    if (place === "/")
      return [{ path, message: "nothing can be mounted over the root of the container: name a folder" }];
    if (taken.has(place)) return [{ path, message: `something else is mounted at ${place} already: keep one of them` }];
    taken.add(place);
    return [];
  });
}
