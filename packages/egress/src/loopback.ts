import { isIP } from "node:net";

/** Whether the host of a URL is this machine itself: `localhost`, a name below it, or an address of loopback. */
export function isLoopback(hostname: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  switch (isIP(host)) {
    case 4:
      return host.startsWith("127.") || host === "0.0.0.0";
    case 6:
      // URLs write addresses in their shortest form, 127.0.0.1 in IPv6 as two groups.
      return host === "::1" || host === "::" || /^::ffff:(?:7f[0-9a-f]{2}:|127\.)/.test(host);
    default:
      return false;
  }
}
