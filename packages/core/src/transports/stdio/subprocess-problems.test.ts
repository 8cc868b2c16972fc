import { expect, it } from "vitest";
import { dockerOptions, subprocessOptions } from "../../options.ts";
import { oversizeProblems } from "./subprocess-problems.ts";

function refused(options: object): readonly string[] {
  const parsed = subprocessOptions.safeParse({ mode: "subprocess", command: "sh", ...options });
  return parsed.success ? [] : parsed.error.issues.map(({ path }) => path.join("."));
}

it.each<readonly [object, readonly string[]]>([
  [{ command: " " }, ["command"]],
  [{ command: ["", "a"] }, ["command"]],
  [
    { env: { "a.b": "1", "1A": "2", "": "3", "npm_config_//r/": "4", "A=B": "5", fine_1: "6" } },
    ["env.a.b", "env.1A", "env.", "env.npm_config_//r/", "env.A=B"].sort(),
  ],
  [
    { command: ["sh", "a\0"], args: ["b", "\0"], env: { A: "\0" }, cwd: "/\0" },
    ["args.1", "command.1", "cwd", "env.A"],
  ],
  [{ command: ["sh", ""], args: [""], env: { A: "", _b: "ü\n" }, cwd: "." }, []],
])("of the options %j these are refused: %j", (options, keys) => {
  expect(refused(options).toSorted()).toEqual(keys);
});

it("names each string that Linux would not take", () => {
  const options = (length: number): Parameters<typeof oversizeProblems>[0] =>
    subprocessOptions.parse({
      mode: "subprocess",
      command: ["sh", "x".repeat(length)],
      args: ["y".repeat(length)],
      env: { A: "z".repeat(length - 2) },
    });
  expect(oversizeProblems(options(131_071))).toEqual([]);
  expect(oversizeProblems(options(131_072)).map(({ path }) => path.join("."))).toEqual([
    "command.1",
    "args.0",
    "env.A",
  ]);
});

it.each<readonly [object, readonly string[]]>([
  [{ tmpfs: ["/tmp", "/tmp/"] }, ["tmpfs.1"]],
  [{ tmpfs: ["/a/../"] }, ["tmpfs.0"]],
  [{ volumes: ["/x:/data", "/y:/data/./"], tmpfs: ["/data/x"] }, ["volumes.1"]],
  [{ volumes: ["/x:/tmp"] }, ["tmpfs.0"]],
  [{ volumes: ["/x:/a", "/x:/b"], tmpfs: ["/c"] }, []],
])("of the mounts %j these are refused: %j", (options, keys) => {
  const parsed = dockerOptions.safeParse({ mode: "docker", image: "a", ...options });
  expect(parsed.success ? [] : parsed.error.issues.map(({ path }) => path.join("."))).toEqual(keys);
});
