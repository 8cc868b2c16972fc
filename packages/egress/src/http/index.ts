export { agentFor, tunnelAgentFor } from "./agents.ts";
export { HttpOrigin, type HttpOriginOptions, type OriginRequest } from "./http-origin.ts";
export { ProxyError, type ProxyErrorCode } from "./proxy-error.ts";
export { openTunnel, type TunnelOptions } from "./tunnel.ts";
