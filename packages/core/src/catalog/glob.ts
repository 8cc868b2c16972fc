/** Longer names are not looked at: no honest server lists one, and a caller could type megabytes. */
const NAME_CHARS_MAX = 1_000;

/**
 * Whether a name fits a glob (`*` any run of characters, `?` one). Callers and servers choose the names, and who announces
 * a server even the globs, so this is not a regular expression, some of which take minutes for a short name: the work is
 * at most the product of both lengths.
 */
export function globMatches(glob: string, name: string): boolean {
  if (name.length > NAME_CHARS_MAX) return false;
  // Most patterns, and every call asks.
  if (glob === "*" || glob === name) return true;
  let at = 0;
  let inName = 0;
  /** Where to go on when the characters after the last `*` do not fit: that `*` takes one more. */
  let star = -1;
  let starTook = 0;
  while (inName < name.length) {
    const wanted = glob[at];
    if (wanted === "*") {
      star = at++;
      starTook = inName;
    } else if (wanted !== undefined && (wanted === "?" || wanted === name[inName])) {
      at++;
      inName++;
    } else if (star >= 0) {
      at = star + 1;
      inName = ++starTook;
    } else {
      return false;
    }
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}
