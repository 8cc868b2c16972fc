export { type Egress, egress } from "./egress.ts";
export { type Environment, type ProxyProblem, proxiesOf } from "./environment.ts";
export { isLoopback } from "./loopback.ts";
export { NoProxy, noProxyProblem } from "./no-proxy.ts";
export { type PemLabel, pemFile } from "./pem-file.ts";
export { type HttpProxy, parseProxy, proxyHref } from "./proxy.ts";
export { DIRECT, EgressRules, type EgressSettings, type NameResolver } from "./rules.ts";
