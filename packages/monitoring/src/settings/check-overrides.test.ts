import { expect, test } from "vitest";
import { generateMonitoring } from "../generate.ts";
import { OptionsUnusable } from "./check-overrides.ts";
import { defaultOptions, type MonitoringOverrides, resolveOptions } from "./options.ts";

/** As they come from a file, of which the compiler knows nothing. */
function messageFor(overrides: unknown): string {
  try {
    generateMonitoring(overrides as MonitoringOverrides);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsUnusable);
    return (error as OptionsUnusable).message;
  }
  throw new Error("they were taken");
}

test.each([
  ["a section that does not exist", { alert: {} }, "alert does not exist: is it alerts?"],
  [
    "an alert that does not exist",
    { alerts: { HighErorRate: {} } },
    "alerts.HighErorRate does not exist: is it HighErrorRate?",
  ],
  [
    "a public name in place of a key",
    { alerts: { HighErrorRate: { threshold: 1 } } },
    "give one of enabled, for, minimum, severity, share, window",
  ],
  ["a scheme that nobody speaks", { scrape: { scheme: "ftp" } }, 'scrape.scheme is "ftp": give http or https.'],
  [
    "a text in place of a number",
    { alerts: { HighErrorRate: { share: "5%" } } },
    'alerts.HighErrorRate.share is "5%": give a number from 0 to below 1, such as 0.05 for 5 %.',
  ],
  [
    "a share in per cent",
    { alerts: { HighErrorRate: { share: 5 } } },
    "alerts.HighErrorRate.share is 5: give a number",
  ],
  [
    "a number that is none",
    { slos: { errors: { objective: Number.NaN } } },
    "slos.errors.objective is NaN: give a finite number.",
  ],
  [
    "a number in place of a switch",
    { alerts: { Watchdog: { enabled: 0 } } },
    "alerts.Watchdog.enabled is 0: give true or false.",
  ],
  ["a text in place of a list", { targets: "a:8000" }, 'targets is "a:8000": give a list.'],
  ["a number in a list of texts", { targets: [8000] }, "targets[0] is 8000: give host:port, such as localhost:9090"],
  ["a list in place of an object", { receivers: [] }, "receivers is []: give an object."],
  ["nothing in place of an object", { receivers: { info: null } }, "receivers.info is null: give an object."],
  [
    "no duration",
    { alerts: { HighErrorRate: { for: "2 minutes" } } },
    'alerts.HighErrorRate.for is "2 minutes": give a whole number',
  ],
  ["no severity", { alerts: { HighErrorRate: { severity: "fatal" } } }, "give one of critical, warning, info, none."],
  ["half an item of a list", { burn: { windows: [{ long: "1h" }] } }, "burn.windows[0].short is missing"],
  [
    "a label that is no text",
    { kubernetes: { labels: { release: 1 } } },
    "kubernetes.labels.release is 1: give a text.",
  ],
  ["a list in place of all", [], "the whole is []: give an object."],
])("%s is refused by its place", (_, overrides, says) => {
  expect(messageFor(overrides)).toContain(says);
});

test("all that is wrong is told at once, but not without end, and not as it stands", () => {
  const message = messageFor({ alert: 1, slo: 2, "\u001b[2J": 3 });
  expect(message.split("\n").length).toBe(4);
  expect(message).not.toContain("\u001b");
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`key${index}`, "x".repeat(1_000)]));
  expect(messageFor(many).split("\n").length).toBe(22);
});

test("what is given as the default, left out, or named by the caller is taken", () => {
  expect(resolveOptions(defaultOptions)).toEqual(defaultOptions);
  expect(resolveOptions(JSON.parse(JSON.stringify(defaultOptions)))).toEqual(defaultOptions);
  const { kubernetes, targets } = resolveOptions({ kubernetes: { labels: { release: "x" } }, targets: [] });
  expect(kubernetes).toEqual({ ...defaultOptions.kubernetes, labels: { release: "x" } });
  expect(targets).toEqual([]);
});
