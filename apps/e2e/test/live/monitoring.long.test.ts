import { HARDEST_INCIDENTS, type LivingIncident, POLL_DEADLINE_MS, poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fault } from "../../src/live/fault.ts";
import { FAULTS, UNPROVED } from "../../src/live/faults.ts";
import { type Fleet, healthyLoad, startFleet, warmUp } from "../../src/live/fleet.ts";
import { GLOBAL_FAULTS, SMALL_FAULTS } from "../../src/live/global-faults.ts";
import type { Load } from "../../src/live/load.ts";
import { type MonitoringStack, startMonitoring } from "../../src/live/monitoring-stack.ts";
import { prove, proveSilence } from "../../src/live/prove.ts";
import { type PublishedQuery, publishedQueries, reasonForSilence } from "../../src/live/queries.ts";
import { QUIET_INCIDENTS } from "../../src/live/quiet.ts";
import { isThere, newest } from "../../src/live/releases.ts";
import { alertName, firing } from "../../src/live/watch.ts";

const DASHBOARDS = ["alerts", "mcp-server-details", "overview", "slo", "telemetry"].map((name) => `${name}.json`);

let fleet: Fleet;
let stack: MonitoringStack;
/** The newest release looks at the same gateways at the same time, where the machine has it. */
let later: MonitoringStack | undefined;
let load: Load;
/** Both of them, or the one that there is. */
const stacks = (): readonly MonitoringStack[] => (later === undefined ? [stack] : [stack, later]);
const ALL_FAULTS: readonly Fault[] = [...FAULTS, ...SMALL_FAULTS, ...GLOBAL_FAULTS];
/** What was seen to begin and to end, and by how many releases at the same time. */
const proved = new Map<string, number>();

describe("with Prometheus and Alertmanager for real,", {
  tags: ["prometheus", "prometheus-alertmanager", "amtool"],
  timeout: 600_000,
}, () => {
  beforeAll(async () => {
    fleet = await startFleet();
    await warmUp(fleet);
    stack = await startMonitoring({ targets: fleet.targets });
    later = isThere(newest) ? await startMonitoring({ targets: fleet.targets, release: newest }) : undefined;
  });

  afterAll(async () => {
    await load?.[Symbol.asyncDispose]();
    await stack?.[Symbol.asyncDispose]();
    await later?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  describe("a healthy idle fleet", () => {
    test("is silent, but for the heartbeat", async () => {
      await tenScrapes(stack);
      // Pending ones too: an alert that only its wait keeps silent will not stay so.
      expect(await names("ALERTS[7s]")).toEqual([alertName("Watchdog")]);
    });

    test("was so from the first evaluation, when Prometheus had not seen it yet", async () => {
      const possible = ["NotResponding", "Watchdog"].map(alertName);
      expect((await names('ALERTS{alertstate="firing"}[1m]')).filter((name) => !possible.includes(name))).toEqual([]);
    });
  });

  describe("that something happens to every day", () => {
    /** They happen at the same time; each test waits for its own. */
    const silences = new Map<string, Promise<readonly string[]>>();

    beforeAll(async () => {
      // What happens before the first scrape is no news.
      await Promise.all(stacks().map(tenScrapes));
      for (const quiet of QUIET_INCIDENTS) {
        const silence = proveSilence(quiet, fleet, stacks());
        silences.set(quiet.name, silence);
        silence.catch(() => {});
      }
    });

    test.each(QUIET_INCIDENTS)("nobody is told of $name", async ({ name }) => {
      expect(await silences.get(name)).toEqual([]);
      proved.set(name, stacks().length);
    });
  });

  describe("while everything goes wrong", () => {
    /** They begin at the same time; each test waits for its own. */
    const proofs = new Map<Fault, Promise<unknown>>();
    /** Until then something is wrong, so that queries about what is wrong have an answer. */
    const asked = Promise.withResolvers<void>();

    beforeAll(() => {
      load = healthyLoad(fleet, ["everything"]);
      for (const fault of FAULTS) {
        const untilThen = fault.isAskedAbout ? asked.promise : Promise.resolve();
        proofs.set(fault, prove(fault, fleet, stacks(), untilThen));
      }
      // A fault that is not told fails its own test, even if an earlier one still waits.
      for (const proof of proofs.values()) proof.catch(() => {});
    });

    test("every rule is loaded and evaluates without an error", async () => {
      const caused = ["HighErrorRate", "HighLatencyP95", "McpServerDead"];
      await Promise.all(caused.map((alert) => firing(stack, { alert, labels: {} })));
      const rules = await stack.prometheus.rules();
      expect(rules.map(({ name }) => name).sort()).toEqual([...rulesWritten(stack.files)].sort());
      expect(rules.filter(({ health, lastError }) => health !== "ok" || (lastError ?? "") !== "")).toEqual([]);
    });

    test("every query of the dashboards and runbooks has an answer, or a reason to have none", async () => {
      const queries = publishedQueries(stack.files);
      const silent = await withoutAnswer(queries).finally(() => asked.resolve());
      expect(silent).toEqual([]);
      const sources = new Set(queries.map(({ source }) => source.split(": ", 1)[0]));
      expect([...sources]).toEqual(expect.arrayContaining(DASHBOARDS));
      expect(sources.size).toBeGreaterThan(30);
    });

    test.each(FAULTS)("receivers are told of $name, and of its end", async (fault) => {
      await proofs.get(fault);
      proved.set(fault.name, stacks().length);
    });
  });

  describe("while nearly all is well, and of nothing else at that time,", () => {
    const proofs = new Map<Fault, Promise<readonly string[]>>();

    beforeAll(async () => {
      await Promise.all(stacks().map(calm));
      for (const fault of SMALL_FAULTS) proofs.set(fault, prove(fault, fleet, stacks()));
      for (const proof of proofs.values()) proof.catch(() => {});
    });

    test.each(SMALL_FAULTS)("receivers are told of $name, and of its end", async (fault) => {
      expect((await proofs.get(fault))?.filter((name) => !explains(SMALL_FAULTS, name))).toEqual([]);
      proved.set(fault.name, stacks().length);
    });
  });

  describe("one after the other, and of nothing else at that time,", () => {
    test.each(GLOBAL_FAULTS)("receivers are told of $name, and of its end", async (fault) => {
      await Promise.all(stacks().map(calm));
      expect((await prove(fault, fleet, stacks())).filter((name) => !explains([fault], name))).toEqual([]);
      proved.set(fault.name, stacks().length);
    });
  });

  describe("from the start to the end", () => {
    test("every alert was proved, or has a reason not to be", async () => {
      const rules = (await stack.prometheus.rules()).filter(({ type }) => type === "alerting");
      const known = [...explained(), ...Object.keys(UNPROVED).map(alertName)];
      expect([...new Set(rules.map(({ name }) => name))].sort()).toEqual(known.sort());
    });

    test("no alert fired that no fault explains", async () => {
      expect(await names('ALERTS{alertstate="firing"}[1h]')).toEqual([...explained()].sort());
    });

    test("of the audit records only those are lost that a collector has rejected", async () => {
      const lost = 'sum by (instance, reason) (mcp_hangar_telemetry_dropped_total{exporter="otlp_audit"} > 0)';
      const found = (await stack.prometheus.query(lost)).map(({ metric }) => metric);
      expect(found).toEqual([{ instance: fleet.targets[1], reason: "rejected" }]);
    });

    test("the heartbeat arrived, nothing fell to the default receiver, and every payload was understood", () => {
      const heard = stack.sink.notifications.map(({ alert, receiver }) => ({ alert, receiver }));
      expect(heard).toContainEqual({ alert: alertName("Watchdog"), receiver: "heartbeat" });
      expect(heard.filter(({ receiver }) => receiver === "default")).toEqual([]);
      expect(stack.sink.misunderstood).toEqual([]);
    });

    test("Prometheus and Alertmanager have complained of what was done to them, and of nothing else", () => {
      expect(complaintsOf(stack)).toEqual({ unexplained: [], unsaid: [] });
    });
  });

  /** Alerts that nothing holds back: of the others it depends on the moment whether somebody is told. */
  const certain = new RegExp(
    `^MCPHangar(${ALL_FAULTS.flatMap(({ alerts }) => alerts.flatMap(({ alert, inhibited }) => (inhibited ? [] : [alert]))).join("|")}) `,
  );

  describe("the newest release", { tags: ["newest-prometheus", "newest-alertmanager"] }, () => {
    test.each(HARDEST_INCIDENTS)("has seen $living, as the oldest has", ({ living, told }) => {
      expect(proved.get(living)).toBe(2);
      expect(tellsOf(living)).toEqual(expect.arrayContaining([...told]));
      expect(tellsOf(living).length === 0).toBe(told.length === 0);
    });

    test("has fired the same alerts, and no others", async () => {
      expect(await names('ALERTS{alertstate="firing"}[1h]', later ?? stack)).toEqual([...explained()].sort());
    });

    test("has told the same receivers of each, in payloads that they take", () => {
      expect(toldBy(later)).toEqual(expect.arrayContaining(toldBy(stack).filter((line) => certain.test(line))));
      expect(later?.sink.misunderstood).toEqual([]);
    });

    test("has loaded every rule, and has complained of what was done to it alone", async () => {
      const rules = (await later?.prometheus.rules()) ?? [];
      expect(rules.map(({ name }) => name).sort()).toEqual([...rulesWritten(stack.files)].sort());
      expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
      expect(later && complaintsOf(later)).toEqual({ unexplained: [], unsaid: [] });
    });
  });
});

/** Waits until every gateway was scraped ten times within a minute. */
async function tenScrapes({ prometheus }: MonitoringStack): Promise<void> {
  const enough = async (): Promise<boolean> =>
    ((await prometheus.query("min(count_over_time(up[1m]))"))[0]?.value ?? 0) >= 10;
  await poll("ten scrapes", enough, POLL_DEADLINE_MS, 500);
}

/** What fires although all is well: a start is news whenever it happens, and budgets of a minute hold what was wrong before. */
const ALWAYS_POSSIBLE = /^MCPHangar(Watchdog|McpServerStarted|\w+BudgetBurn)$/;

/** Waits until nothing fires that is not always possible. */
async function calm({ prometheus }: MonitoringStack): Promise<void> {
  const isCalm = async (): Promise<boolean> =>
    (await prometheus.firing()).every(({ alertname = "" }) => ALWAYS_POSSIBLE.test(alertname));
  await poll("what was wrong before to be over", isCalm, POLL_DEADLINE_MS, 300);
}

/** Whether an alert may fire when only these faults happen. */
function explains(faults: readonly Fault[], name: string): boolean {
  const own = faults.flatMap(({ alerts, possible = [] }) => [...alerts.map(({ alert }) => alert), ...possible]);
  return ALWAYS_POSSIBLE.test(name) || own.map(alertName).includes(name);
}

/** The alerts that somebody is told of when this happens to the fleet. */
function tellsOf(living: LivingIncident): readonly string[] {
  const alerts = ALL_FAULTS.find(({ name }) => name === living)?.alerts ?? [];
  return alerts.flatMap(({ alert, inhibited }) => (inhibited ? [] : [alert]));
}

/** Which alert has reached which receiver, and whether its end has. */
function toldBy(told: MonitoringStack | undefined): readonly string[] {
  const heard = told?.sink.notifications.map(({ alert, receiver, status }) => `${alert} ${receiver} ${status}`);
  return [...new Set(heard)].sort();
}

/** Names of the alerts that faults cause, and of the one that always fires. */
function explained(): readonly string[] {
  const caused = ALL_FAULTS.flatMap(({ alerts }) => alerts.map(({ alert }) => alert));
  return [...new Set([...caused, "Watchdog"])].map(alertName);
}

/** Queries that have no answer and no reason to have none. Throws for one that Prometheus refuses. */
async function withoutAnswer(queries: readonly PublishedQuery[]): Promise<readonly string[]> {
  const silent: string[] = [];
  for (const { source, expr } of queries) {
    const answer = await stack.prometheus.query(expr).catch((cause: unknown) => {
      throw new Error(`${source}: ${expr}`, { cause });
    });
    if (answer.length === 0 && reasonForSilence(expr) === undefined) silent.push(`${source}: ${expr}`);
  }
  return silent;
}

/** What they complain of when a busy machine keeps them, or the receivers of this test, from running for seconds. */
const BUSY_MACHINE = [
  /Notify for alerts failed.*notify retry canceled after \d+ attempts: .*context deadline exceeded/,
  /Error on ingesting out-of-order samples/,
];

/** Complaints that no fault explains, and those that a fault has not caused though it must. */
function complaintsOf({ prometheus, alertmanager }: MonitoringStack) {
  const said = [...prometheus.complaints(), ...alertmanager.complaints()];
  const known = ALL_FAULTS.flatMap(({ complaints = [] }) => complaints);
  return {
    unexplained: said.filter((line) => ![...known, ...BUSY_MACHINE].some((pattern) => pattern.test(line))),
    unsaid: known.filter((pattern) => !said.some((line) => pattern.test(line))),
  };
}

/** Names of the alerts in a range of the series `ALERTS`, sorted. */
async function names(range: string, of = stack): Promise<readonly string[]> {
  const found = await of.prometheus.query(`count by (alertname) (count_over_time(${range}))`);
  return found.map(({ metric }) => metric.alertname ?? "").sort();
}

/** Names of the rules in the generated files, as often as they are there. */
function rulesWritten(files: ReadonlyMap<string, string>): readonly string[] {
  const text = ["alerts", "recording-rules"].map((name) => files.get(`prometheus/${name}.yaml`) ?? "").join("\n");
  return [...text.matchAll(/^ +- (?:alert|record): (\S+)$/gm)].flatMap(([, name]) => name ?? []);
}
