import { readFile } from "node:fs/promises";
import type { SubprocessOptions } from "../../options.ts";
import type { Platform } from "../../platform/platform.ts";
import { StartError } from "../session.ts";

/** Another user of the system, as whom a server runs. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  /** Name and home of the user; `undefined` when the system has no entry for the number. */
  readonly name: string | undefined;
  readonly home: string | undefined;
}

/** What is needed of the options. */
type Wanted = Pick<SubprocessOptions, "user" | "group">;

/**
 * Finds user and group of a server in the files of the system; `undefined` when the server runs as the gateway does. Names
 * that only a directory service knows have to be given as numbers. Without `group` it is the user's own; other groups of
 * the user are not taken over.
 * @throws StartError when there is no such user or group, or when the gateway may not become another user
 */
export async function resolveRunAs({ user, group }: Wanted, platform: Platform): Promise<RunAs | undefined> {
  if (user === undefined) return undefined;
  if (platform.uid !== 0) {
    throw new StartError(
      "user_not_permitted",
      `only a gateway that runs as root can run servers as other users, and this one runs as ${platform.uid ?? "nobody of that kind"}. Take "user" and "group" out, or start the gateway as root.`,
      { option: "user" },
    );
  }
  const users = await entriesOf("/etc/passwd");
  const entry = users.find(([name, , id]) => (isNumber(user) ? id === String(user) : name === user));
  const uid = isNumber(user) ? Number(user) : Number(entry?.[2] ?? Number.NaN);
  if (!Number.isInteger(uid)) throw unknown("user", String(user), "/etc/passwd");
  return { uid, gid: await groupOf(group, entry?.[3]), name: entry?.[0], home: entry?.[5] || undefined };
}

async function groupOf(group: Wanted["group"], own: string | undefined): Promise<number> {
  if (group !== undefined && isNumber(group)) return Number(group);
  if (group !== undefined) {
    const entry = (await entriesOf("/etc/group")).find(([name]) => name === group);
    if (entry === undefined) throw unknown("group", String(group), "/etc/group");
    return Number(entry[2]);
  }
  if (own !== undefined) return Number(own);
  throw new StartError("group_missing", 'the system does not know this user, so that "group" has to name a group.', {
    option: "user",
  });
}

function isNumber(id: string | number): boolean {
  return typeof id === "number" || /^\d+$/.test(id);
}

function unknown(option: "user" | "group", name: string, file: string): StartError {
  const message = `there is no ${option} "${name}" in ${file}. Correct "${option}", or give its number.`;
  return new StartError(`${option}_unknown`, message, { option });
}

/** The lines of a file of the system, split into fields. A system without the file knows nobody by name. */
async function entriesOf(file: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").map((line) => line.split(":"));
}
