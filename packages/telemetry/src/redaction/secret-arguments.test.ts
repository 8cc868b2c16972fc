import { expect, it } from "vitest";
import { secretArguments } from "./secret-arguments.ts";

/** The command line with a mark where secrets are. */
function masked(line: string): string {
  const args = line.split("|");
  return secretArguments(args)
    .map((begin, index) => (begin === undefined ? args[index] : `${args[index]?.slice(0, begin)}#`))
    .join("|");
}

it.each([
  ["--token|abc|--verbose|abc", "--token|#|--verbose|abc"],
  ["--api-key|abc", "--api-key|#"],
  ["--token=abc", "--token=#"],
  ["--db-password=a=b", "--db-password=#"],
  ["-p|hunter2", "-p|#"],
  ["-phunter2", "-p#"],
  ["-e|API=abc|image", "-e|API=#|image"],
  ["--env=API=abc", "--env=API=#"],
  ["--build-arg|NPM=abc", "--build-arg|NPM=#"],
  ["-H|Authorization: Bearer abc", "-H|Authorization: #"],
  ["--header|X-Anything:abc", "--header|X-Anything:#"],
  ["--header=X-Anything: abc", "--header=X-Anything: #"],
  ["-u|ann:abc", "-u|ann:#"],
  ["--user=ann:abc", "--user=ann:#"],
])("%s has secrets: %s", (line, expected) => {
  expect(masked(line)).toBe(expected);
});

it.each([
  "-p|8080",
  "-p|127.0.0.1:8080:80",
  "-p|./project",
  "-p8080",
  "-port|8080",
  "-path|/srv",
  "-profile=dev",
  "-p|--verbose",
  "--port=8080",
  "--max-tokens|100",
  "--token-file|/run/secrets/token",
  "--token=",
  "--token-type=bearer",
  "-e|API",
  "-e|API=",
  "-H|Accept: text/html",
  "-u|1000:1000",
  "-u|ann",
  "--root|/srv/files|--mode|stdio",
  "serve|token|abc",
])("%s has none", (line) => {
  expect(masked(line)).toBe(line);
});
