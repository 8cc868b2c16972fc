import { lstatSync, readlinkSync, type Stats, statSync } from "node:fs";
import { dirname, join, parse, resolve, sep } from "node:path";

/** Bits of a mode by which a group and everybody may write. */
const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;
/** In a folder with this bit only the owner of a file may replace it. */
const STICKY = 0o1000;
/** Links that are followed, as many as Linux does. */
const LINKS_MAX = 40;

/**
 * Why others than this user and root could put another file at a path; `undefined` when nobody can. Looks at the folders that
 * lead there, those that a symbolic link leads through, and who owns them. The file itself may be absent.
 */
export function distrustOf(path: string): string | undefined {
  if (process.getuid === undefined || process.getgid === undefined) return undefined;
  const own = { uid: process.getuid(), gid: process.getgid() };
  for (const link of linksOf(resolve(path))) {
    const stat = lstatSync(link, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true && !isTrustedOwner(stat.uid, own.uid)) {
      return `${link} is a link of user ${stat.uid}, who could lead it elsewhere; run chown -h ${own.uid} ${link}`;
    }
    const problem = folderProblem(dirname(link), own);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Why others could write a file that is open; `undefined` when nobody can. */
export function fileProblem(path: string, { mode, uid }: Stats): string | undefined {
  if (process.getuid === undefined) return undefined;
  const own = process.getuid();
  if (!isTrustedOwner(uid, own)) return `it belongs to user ${uid}, who may write it; run chown ${own} ${path}`;
  if ((mode & (GROUP_WRITE | OTHERS_WRITE)) === 0) return undefined;
  return `others may write it (mode ${(mode & 0o777).toString(8)}); run chmod 600 ${path}`;
}

/** The links that are followed on the way, and where they lead in the end: whoever can replace one decides what is read. */
function linksOf(path: string): readonly string[] {
  const links: string[] = [];
  const { root } = parse(path);
  let place = root;
  let ahead = path.slice(root.length).split(sep);
  while (ahead.length > 0) {
    const [part = "", ...rest] = ahead;
    const next = join(place, part);
    ahead = rest;
    if (lstatSync(next, { throwIfNoEntry: false })?.isSymbolicLink() !== true) {
      place = next;
      continue;
    }
    // The system gives up as well.
    if (links.push(next) > LINKS_MAX) break;
    const target = resolve(place, readlinkSync(next));
    place = root;
    ahead = [...target.slice(root.length).split(sep), ...rest];
  }
  return [...links, place];
}

/** A folder is as good as the worst on the way to it. */
function folderProblem(folder: string, own: { readonly uid: number; readonly gid: number }): string | undefined {
  for (let each = folder; ; each = dirname(each)) {
    const stat = statSync(each, { throwIfNoEntry: false });
    if (stat !== undefined) {
      const { mode, uid, gid } = stat;
      if (!isTrustedOwner(uid, own.uid)) return `the folder ${each} belongs to user ${uid}, who may replace it`;
      // The group of this very user is nobody else, as far as that can be told.
      const writable = (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITE) !== 0 && gid !== own.gid && gid !== 0);
      if (writable && (mode & STICKY) === 0) {
        return `others may write the folder ${each} (mode ${(mode & 0o7777).toString(8)}), and so replace it; run chmod go-w ${each}, or keep it elsewhere`;
      }
    }
    if (each === dirname(each)) return undefined;
  }
}

function isTrustedOwner(uid: number, own: number): boolean {
  return uid === own || uid === 0;
}
