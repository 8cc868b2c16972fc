import type { Check } from "./check.ts";

/** Every alert has one runbook, and every runbook an alert. */
export const runbooksExist: Check = {
  name: "runbooks-exist",
  run({ alerts, runbooks }) {
    const alertNames = new Set<string>(alerts.map(({ name }) => name));
    const written = new Set<string>(runbooks.map(({ alert }) => alert));
    const twice = runbooks.filter(({ alert }, index) => runbooks.findIndex((other) => other.alert === alert) !== index);
    return [
      ...[...alertNames.difference(written)].map((name) => ({
        subject: `alert ${name}`,
        problem: "it has no runbook",
        mend: "write one in src/runbooks/, in the file of its topic",
      })),
      ...[...written.difference(alertNames)].map((name) => ({
        subject: `runbook ${name}`,
        problem: "there is no such alert",
        mend: "remove the runbook, or restore the alert",
      })),
      ...twice.map(({ alert }) => ({
        subject: `runbook ${alert}`,
        problem: "it is written twice",
        mend: "put both into one",
      })),
    ];
  },
};
