/** Parts of names whose values are secrets, compared without case and separators: `access_token`, `X-API-Key`, `clientSecret`. */
const SECRET_PARTS =
  /token|secret|passw(?:or)?d|passphrase|passcode|pwd|(?:api|private|access|account|shared|master|signing|encryption|subscription|storage|auth|hash|hmac)key|authorization|^auth$|credential|cookie|signature|sessionid|bearer/;

/** Words that contain such a part and mean something else. */
const HARMLESS_WORDS = /tokeni[sz]|secretar|passwordless/g;

/** Names that contain such a part but hold a number or a name: `max_tokens`, `progressToken`, `tokenBucket`. */
const HARMLESS_NAMES =
  /^(?:(?:max|min|input|output|total|prompt|completion|cached|reasoning|remaining|used)tokens|tokens|progresstoken)$/;

/** Last words of names that tell about a secret and are none: `token_type`, `password_file`, `token_endpoint`. */
const HARMLESS_ENDS: ReadonlySet<string> = new Set(
  "bucket budget count endpoint enabled expires expiry file len length limit limits name path policy required size ttl type uri url usage".split(
    " ",
  ),
);

/** Longest name that is looked at; of longer ones the end decides, as in `SOME_LONG_PREFIX_PASSWORD`. */
const NAME_CHARS_MAX = 128;

/** Whether a value under this name is to be hidden whatever it looks like. */
export function isSecretKey(name: string): boolean {
  const end = name.length > NAME_CHARS_MAX ? name.slice(-NAME_CHARS_MAX) : name;
  const plain = end.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  if (isPass(end)) return true;
  if (!SECRET_PARTS.test(plain.replaceAll(HARMLESS_WORDS, "")) || HARMLESS_NAMES.test(plain)) return false;
  return !HARMLESS_ENDS.has(wordsOf(end).at(-1) ?? "");
}

/** `DB_PASS`, `smtpPass`, `root-pw`: but neither `bypass` nor `tests pass`. */
function isPass(name: string): boolean {
  if (!/(?:pass|pw)$/i.test(name)) return false;
  const words = wordsOf(name);
  return words.length > 1 && /^(?:pass|pw)$/.test(words.at(-1) ?? "");
}

function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
