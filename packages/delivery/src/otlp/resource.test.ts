import { describe, expect, test } from "vitest";
import { otlpResource, resourceProblem } from "./resource.ts";

const SERVICE = { version: "1.2.3", instance: "run" };
const OWN = { "service.name": "mcp-hangar", "service.version": "1.2.3", "service.instance.id": "run" };

describe("the resource of every signal", () => {
  test("names the service, and says nothing else unless it is told to", () => {
    expect(otlpResource({}, SERVICE)).toEqual(OWN);
    expect(otlpResource({}, {})).toEqual({ "service.name": "mcp-hangar" });
  });

  test("has what the variables say: names of services by their rank", () => {
    const attributes = "service.name=listed,service.instance.id=pod%2C1, team = a%20b ";
    const listed = { ...OWN, "service.name": "listed", "service.instance.id": "pod,1", team: "a b" };
    const env = { OTEL_RESOURCE_ATTRIBUTES: attributes };
    expect(otlpResource(env, SERVICE)).toEqual(listed);
    const named = { ...env, OTEL_SERVICE_NAME: " named " };
    expect(otlpResource(named, SERVICE)).toEqual({ ...listed, "service.name": "named" });
    expect(otlpResource(named, { ...SERVICE, name: "given" })).toEqual({ ...listed, "service.name": "given" });
    expect(otlpResource({ ...env, OTEL_SERVICE_NAME: " " }, SERVICE)).toEqual(listed);
    expect(resourceProblem(named)).toBeUndefined();
  });

  test.each([
    ["team=a,garbage", 2],
    ["team=%zz", 1],
    ["=a,team=b", 1],
  ])("has nothing of %j, of which an entry cannot be read, and the problem shows none of it", (text, entry) => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: text };
    expect(otlpResource(env, SERVICE)).toEqual(OWN);
    expect(resourceProblem(env)).toBe(
      `OTEL_RESOURCE_ATTRIBUTES is left out: entry ${entry} is not key=value with percent-encoding`,
    );
  });
});
