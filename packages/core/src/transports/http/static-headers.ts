import type { RemoteOptions } from "../../options.ts";
import type { Implementation } from "../../protocol/eras.ts";
import { isPlainHeaderValue } from "./header-values.ts";

/**
 * The headers of every request, from `headers` and `auth`, as a flat list of names and values. They introduce us by a
 * `User-Agent` unless one is configured, because some gatekeepers refuse requests without. `remoteProblems` has found
 * nothing wrong with the options.
 */
export function staticHeaders(
  { headers, auth }: Pick<RemoteOptions, "headers" | "auth">,
  clientInfo: Implementation,
): readonly string[] {
  const list = Object.entries(headers).flat();
  const userAgent = `${clientInfo.name}/${clientInfo.version}`.replaceAll(" ", "-");
  const introduced = Object.keys(headers).some((name) => name.toLowerCase() === "user-agent");
  if (!introduced && isPlainHeaderValue(userAgent)) list.push("User-Agent", userAgent);
  if (auth !== undefined) list.push("Authorization", credentials(auth));
  return list;
}

function credentials(auth: NonNullable<RemoteOptions["auth"]>): string {
  if (auth.type === "bearer") return `Bearer ${auth.token}`;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`, "utf8").toString("base64")}`;
}
