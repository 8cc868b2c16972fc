import { expect, test } from "vitest";
import { describeExit, diagnoseExit, quoteStderr } from "./diagnosis.ts";

test.each<[string, number | undefined, string[], number, string]>([
  [
    "a missing module of Node.js",
    1,
    ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /a.mjs"],
    0,
    "module_missing",
  ],
  [
    "a missing file of Python",
    2,
    ["python3: can't open file '/srv/server.py': [Errno 2] No such file"],
    0,
    "module_missing",
  ],
  ["python -m with an unknown module", 1, ["/usr/bin/python3: No module named mcp_server_git"], 0, "module_missing"],
  ["a program that is gone", 127, [], 0, "command_not_found"],
  ["a program for another processor", 126, ["Exec format error"], 0, "not_executable"],
  ["a kill for want of memory", 137, [], 0, "killed"],
  ["a killed supervisor", undefined, [], 0, "killed"],
  ["a crash", 139, [], 0, "killed"],
  ["output that is not MCP", 0, [], 3, "not_mcp"],
  ["anything else", 1, ["usage: server --key KEY"], 0, "exited"],
])("recognises %s", (_name, code, stderr, noise, diagnosis) => {
  const error = diagnoseExit({ command: "server", code, stderr, noise });
  expect(error.code).toBe(diagnosis);
  expect(error.message).toMatch(/^server /);
  for (const line of stderr) expect(error.message).toContain(line);
});

test("describes an exit in words", () => {
  expect(describeExit(0)).toBe("exited with code 0");
  expect(describeExit(143)).toBe("was ended by SIGTERM (exit code 143)");
  expect(describeExit(137)).toContain("perhaps for want of memory");
  // Codes above 128 that stand for no signal are the program's own.
  expect(describeExit(255)).toBe("exited with code 255");
});

test("quotes the end of stderr, in bounds", () => {
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i} ${"x".repeat(4_000)}`);
  const quoted = quoteStderr(lines);
  expect(quoted).toContain("line 49");
  expect(quoted).not.toContain("line 40 ");
  expect(quoted.length).toBeLessThan(4_000);
});
