import { describe, expect, test } from "vitest";
import { negotiateFormat } from "./negotiate.ts";

const PROMETHEUS_2 =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
const PROTOBUF_FIRST =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5";
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

describe("negotiateFormat", () => {
  test.each<[string, string | undefined]>([
    ["Prometheus 2", PROMETHEUS_2],
    ["Prometheus 3", PROMETHEUS_3],
    ["a scraper that would rather have protobuf", PROTOBUF_FIRST],
    ["the bare type", "application/openmetrics-text"],
    ["upper case and spaces", "Application/OpenMetrics-Text ; Version=1.0.0"],
    ["a quoted version", 'application/openmetrics-text; version="1.0.0"'],
    ["a higher quality than text", "text/plain;q=0.4, application/openmetrics-text;q=0.5"],
    ["any application type", "application/*"],
    ["text excluded", "text/plain;q=0, */*;q=0.1"],
    ["a malformed range beside it", "text/plain/x, application/openmetrics-text"],
  ])("gives OpenMetrics to %s", (_client, accept) => {
    expect(negotiateFormat(accept)).toBe("openMetrics");
  });

  test.each<[string, string | undefined]>([
    ["no header", undefined],
    ["an empty header", ""],
    ["anything", "*/*"],
    ["a browser", BROWSER],
    ["the bare type", "text/plain"],
    ["both alike", "application/openmetrics-text, text/plain"],
    ["a higher quality than OpenMetrics", "application/openmetrics-text;q=0.5, text/plain;q=0.6"],
    ["a version of OpenMetrics that is not served", "application/openmetrics-text;version=0.0.1"],
    ["OpenMetrics refused, though any type is welcome", "application/openmetrics-text;q=0, */*"],
    ["a quality of zero for this version only", "application/openmetrics-text;version=1.0.0;q=0, application/*;q=0.9"],
    ["nothing that is served", "image/png"],
    ["everything refused", "*/*;q=0"],
    ["a quality that is no number", "application/openmetrics-text;q=high"],
    ["a quality above one", "application/openmetrics-text;q=2"],
    ["half a wildcard", "*/openmetrics-text"],
    ["rubbish", ";;,,q=,\u0000"],
  ])("gives text to %s", (_client, accept) => {
    expect(negotiateFormat(accept)).toBe("text");
  });

  test("lets the more exact range decide, wherever it stands", () => {
    expect(negotiateFormat("application/openmetrics-text;q=0.9, */*;q=1")).toBe("text");
    expect(negotiateFormat("*/*;q=0.1, application/openmetrics-text;q=0.9")).toBe("openMetrics");
    expect(negotiateFormat("application/*;q=0.1, text/*;q=0.2, application/openmetrics-text;q=0.3")).toBe(
      "openMetrics",
    );
  });

  test("reads a long header in no time", () => {
    expect(negotiateFormat("text/plain;q=0.1,".repeat(10_000))).toBe("text");
  });
});
