import {
  AUTHENTICATION_FAILURES,
  DENIAL_REASONS,
  DOORS,
  FORBIDDEN_OPERATION,
  OPERATION_RESULTS,
} from "../vocabulary.ts";
import { counter, nameOf, oneOf } from "./define.ts";

export const accessDenials = counter({
  name: "mcp_hangar_access_denials_total",
  help: "Requests over HTTP that were not let in, by interface and reason: 401 and 403, 429 while an address is locked out or has too many refused, 503 while an issuer cannot be asked.",
  labels: { interface: oneOf(DOORS), reason: oneOf([...DENIAL_REASONS, ...AUTHENTICATION_FAILURES]) },
  on: {
    "access.denied": ({ door, reason }) => ({ labels: { interface: door, reason }, value: 1 }),
    "authentication.failed": ({ door, reason }) => ({ labels: { interface: door, reason }, value: 1 }),
    // The permission for the operation is there, and that for what it was asked to do is not.
    "operation.finished": ({ door, outcome }) =>
      door === "rest" && FORBIDDEN_OPERATION.includes(outcome)
        ? { labels: { interface: door, reason: "permission" }, value: 1 }
        : undefined,
  },
});

export const operations = counter({
  name: "mcp_hangar_operations_total",
  help: "Operations of the management that change something, by result; over REST and as tools.",
  labels: { operation: nameOf("operation"), result: oneOf(OPERATION_RESULTS) },
  on: {
    "operation.finished": ({ operation, effect, outcome }) =>
      effect === "read"
        ? undefined
        : { labels: { operation, result: outcome === "done" ? "success" : "failure" }, value: 1 },
  },
});
