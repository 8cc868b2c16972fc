/**
 * Where containers and pods live: the private ranges of RFC 1918 and RFC 4193. Loopback, link-local addresses with their
 * metadata services, and everything else that is special stay refused.
 */
export const PRIVATE_RANGES: readonly string[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
