/** What people have decided about a server that a source announces. */
export interface Decisions {
  /** Fingerprints of the definitions that were approved, the last one last. */
  readonly approved: readonly string[];
  /** Fingerprints of the definitions that were rejected, the last one last. */
  readonly rejected: readonly string[];
  /** It was rejected and has not been approved since: no definition of it serves without approval. */
  readonly distrusted: boolean;
}

/** By candidate, whether or not it is announced at present: it must not be enough to go away for a while. */
export type DecisionBook = ReadonlyMap<string, Decisions>;

/** Definitions of one server that are remembered each way. */
const DEFINITIONS_MAX = 20;
/** Servers of which decisions are remembered. */
const SERVERS_MAX = 10_000;

const NONE: Decisions = { approved: [], rejected: [], distrusted: false };

/** What was decided about a candidate. */
export function decisionsOn(book: DecisionBook, key: string): Decisions {
  return book.get(key) ?? NONE;
}

/** The book with one more approval. */
export function withApproval(book: DecisionBook, key: string, fingerprint: string): DecisionBook {
  const { approved, rejected } = decisionsOn(book, key);
  return enter(book, key, {
    approved: remember(approved, [fingerprint]),
    rejected: rejected.filter((other) => other !== fingerprint),
    distrusted: false,
  });
}

/** The book with some more rejections of one server. */
export function withRejections(book: DecisionBook, key: string, fingerprints: readonly string[]): DecisionBook {
  const { approved, rejected } = decisionsOn(book, key);
  return enter(book, key, {
    approved: approved.filter((other) => !fingerprints.includes(other)),
    rejected: remember(rejected, [...new Set(fingerprints)]),
    distrusted: true,
  });
}

function remember(known: readonly string[], more: readonly string[]): readonly string[] {
  return [...known.filter((one) => !more.includes(one)), ...more].slice(-DEFINITIONS_MAX);
}

/** The servers decided upon last are kept. */
function enter(book: DecisionBook, key: string, decisions: Decisions): DecisionBook {
  const entries = [...book].filter(([other]) => other !== key);
  return new Map([...entries, [key, decisions] as const].slice(-SERVERS_MAX));
}
