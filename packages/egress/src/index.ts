export { type Egress, egress } from "./egress.ts";
export { type Environment, proxiesOf, type ProxyProblem } from "./environment.ts";
export { isLoopback } from "./loopback.ts";
export { NoProxy, noProxyProblem } from "./no-proxy.ts";
export { type Proxy, parseProxy } from "./proxy.ts";
export { DIRECT, EgressRules, type EgressSettings, type NameResolver } from "./rules.ts";
