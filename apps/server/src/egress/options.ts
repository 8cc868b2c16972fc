import { type OptionProblem, refuseWith } from "@mcp-hangar/core";
import { noProxyProblem, parseProxy } from "@mcp-hangar/egress";
import { z } from "zod";

/** What names the proxy of the configuration in errors. */
export const PROXY_KEY = "egress.proxy.url";

function proxyProblems({ url, no_proxy: exceptions }: ProxySection): readonly OptionProblem[] {
  const parsed = parseProxy(url, PROXY_KEY);
  const unusable = exceptions.flatMap((entry, place) => {
    const problem = noProxyProblem(entry);
    return problem === undefined ? [] : [{ path: ["no_proxy", place], message: problem }];
  });
  return "problem" in parsed ? [{ path: ["url"], message: parsed.problem }, ...unusable] : unusable;
}

const proxyShape = z.strictObject({
  url: z
    .string()
    .min(1)
    .max(4_096)
    .describe(
      "The proxy: `http://host:port` or `https://host:port`, with percent-encoded `user:password@` before the host if it asks for it.",
    ),
  no_proxy: z
    .array(z.string().min(1).max(1_024))
    .max(1_000)
    .default([])
    .describe(
      "Hosts that are connected to directly: a name stands for itself and what is below it, besides addresses, ranges such as `10.0.0.0/8`, `*` for all, and `:port` behind an entry.",
    ),
  loopback: z
    .boolean()
    .default(false)
    .describe("Whether connections to this machine itself go through the proxy, too."),
});
type ProxySection = z.output<typeof proxyShape>;

/** How connections of the gateway leave. */
export const egressOptions = z
  .strictObject({
    proxy: proxyShape
      .superRefine(refuseWith(proxyProblems))
      .optional()
      .describe(
        "The proxy for everything that goes out over HTTP. Without it, `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` hold.",
      ),
    from_environment: z
      .boolean()
      .default(true)
      .describe("Whether the variables hold where there is no `proxy`. If false, all connections are direct then."),
    guarded_names: z
      .enum(["gateway", "proxy"])
      .default("gateway")
      .describe(
        "Who resolves names of servers with an `address_guard` that are behind the proxy. `gateway`: names are resolved and examined here, and the proxy is asked for the address. `proxy`: the proxy is given the name, and has to refuse inner addresses itself.",
      ),
    ca_file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "PEM bundle of authorities that are trusted besides those of Node.js, or of `SSL_CERT_FILE`, in connections without a `ca_file` of their own: that of a proxy that looks into TLS, or is spoken to over TLS.",
      ),
  })
  .describe("How the gateway connects out over HTTP.");
export type EgressSection = z.infer<typeof egressOptions>;
