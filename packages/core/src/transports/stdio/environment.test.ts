import { expect, test } from "vitest";
import { serverEnvironment } from "./environment.ts";

test("hands on where things are and how text is written, and nothing else", () => {
  const inherited = {
    PATH: "/bin",
    HOME: "/somewhere",
    LC_ALL: "C.UTF-8",
    API_KEY: "secret",
    HTTPS_PROXY: "http://u:p@proxy",
  };
  expect(serverEnvironment(inherited, {})).toEqual({ PATH: "/bin", HOME: "/somewhere", LC_ALL: "C.UTF-8" });
});

test("what the configuration says wins", () => {
  expect(serverEnvironment({ PATH: "/bin" }, { PATH: "/opt/bin", API_KEY: "theirs" })).toEqual({
    PATH: "/opt/bin",
    API_KEY: "theirs",
  });
});

test("does not hand on exported shell functions", () => {
  expect(serverEnvironment({ TERM: "() { :; }; echo broken" }, {})).toEqual({});
});
