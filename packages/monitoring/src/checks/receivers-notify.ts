import type { Receiver } from "../model.ts";
import type { Check } from "./check.ts";

/** Every receiver notifies somebody, and takes its secrets from files. */
export const receiversNotify: Check = {
  name: "receivers-notify",
  run({ routing }) {
    return routing.receivers.flatMap((receiver) => {
      const problem = problemOf(receiver);
      if (problem === undefined) return [];
      const mend = "set the address, or the absolute path of a file with the secret, in the options";
      return [{ subject: `receiver ${receiver.name}`, problem, mend }];
    });
  },
};

function problemOf(receiver: Receiver): string | undefined {
  switch (receiver.kind) {
    case "webhook":
      return URL.canParse(receiver.url) ? undefined : `"${receiver.url}" is not an address`;
    case "pagerduty":
      return URL.canParse(receiver.url) ? fileProblem(receiver.routingKeyFile) : `"${receiver.url}" is not an address`;
    case "slack":
      return receiver.channel === "" ? "it has no channel" : fileProblem(receiver.apiUrlFile);
  }
}

function fileProblem(path: string): string | undefined {
  // Relative paths depend on where Alertmanager runs; what begins otherwise is most likely the secret itself.
  return path.startsWith("/") ? undefined : "the secret is not given as the absolute path of a file";
}
