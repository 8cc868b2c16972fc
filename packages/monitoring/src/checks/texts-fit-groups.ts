import type { Receiver, Route, Routing } from "../model.ts";
import type { Check, Finding } from "./check.ts";

/**
 * Texts of notifications read only what every group has. Alertmanager leaves a label or annotation out of `.CommonLabels`
 * and `.CommonAnnotations` as soon as two alerts of a group differ in it, and PagerDuty refuses an event without a summary:
 * two faults at once would page nobody. A common field is sound where the grouping or the route fixes it, or in
 * `{{ or .CommonX.y "something else" }}`.
 */
export const textsFitGroups: Check = {
  name: "texts-fit-groups",
  run({ routing }) {
    return routing.receivers.flatMap((receiver) =>
      Object.entries(textsOf(receiver)).flatMap(([name, text]) =>
        problemsOf(text, routesTo(receiver, routing), routing).map(
          (finding): Finding => ({ subject: `text ${name} of receiver ${receiver.name}`, ...finding }),
        ),
      ),
    );
  },
};

/** Texts of which one that can be blank is refused; details of an event may be blank. */
function textsOf(receiver: Receiver): Readonly<Record<string, string>> {
  switch (receiver.kind) {
    // A webhook gets every alert with all its labels and annotations.
    case "webhook":
      return {};
    case "pagerduty":
    case "slack":
      return { ...receiver.texts };
  }
}

type Problem = Omit<Finding, "subject">;

function problemsOf(text: string, routes: readonly Partial<Route>[], routing: Routing): readonly Problem[] {
  if (text.trim() === "") return [{ problem: "it is blank", mend: "say which alerts it is about" }];
  const fields = [...text.replaceAll(WITH_FALLBACK, "").matchAll(FIELD)];
  return fields.flatMap(([reference, map = "", label = ""]) => {
    const isFixed = routes.every(
      ({ groupBy = routing.groupBy, match = {} }) =>
        map !== "CommonAnnotations" && (groupBy.includes(label) || (map === "CommonLabels" && label in match)),
    );
    if (isFixed) return [];
    const problem = `${reference} is nothing in a group whose alerts differ in it`;
    return [{ problem, mend: `range over .Alerts, or write {{ or ${reference} "something else" }}` }];
  });
}

const FIELD = /\.(GroupLabels|CommonLabels|CommonAnnotations)\.(\w+)/g;
/** A field and what stands for it where it is missing. The fallback is a text that is not empty. */
const WITH_FALLBACK = /\bor \.(?:CommonLabels|CommonAnnotations)\.\w+ "(?:[^"\\]|\\.)+"/g;

/** Where nothing else is said, the routes to a receiver; the default receiver gets what no route takes. */
function routesTo({ name }: Receiver, { routes, defaultReceiver }: Routing): readonly Partial<Route>[] {
  return [...routes.filter(({ receiver }) => receiver === name), ...(name === defaultReceiver ? [{}] : [])];
}
