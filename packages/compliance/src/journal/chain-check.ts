import type { KeyObject } from "node:crypto";
import type { ScannedFrame } from "@mcp-hangar/delivery/spool";
import { INTENT_ID_SUFFIX } from "@mcp-hangar/telemetry";
import { isSigned } from "./checkpoint-key.ts";
import type { JournalFinding, JournalProblem, KnownCheckpoint } from "./findings.ts";
import { fieldsOf, GENESIS, hashOf, type LineFields, recordOf } from "./line.ts";
import { type NumberRange, Ranges } from "./ranges.ts";

export interface CheckParts {
  readonly folder: string;
  /** Keys of which one has signed each checkpoint; none when signatures are not looked at. */
  readonly keys: readonly KeyObject[];
  /** Checkpoints that were kept elsewhere. */
  readonly known: readonly KnownCheckpoint[];
}

/** Intents without an end that are remembered; more are only counted. */
const OPEN_INTENTS_MAX = 100_000;

/** Numbers that can be missing between two records: what damage costs at most is the records of one file, many times over. */
const SKIPPED_MAX = 1_000_000_000;

/** Follows the chain of one journal, frame by frame, and finds what is not as it was written. */
export class ChainCheck {
  readonly #parts: CheckParts;
  readonly #missing = new Ranges();
  readonly #excused = new Ranges();
  /** Gaps that no checkpoint covers yet. */
  #claimed: NumberRange[] = [];
  readonly #intents = new Map<string, { readonly sequence: number; isOver: boolean }>();
  readonly #known: Map<number, KnownCheckpoint>;
  #expected = 1;
  /** Hash of the line before; `undefined` when it cannot be known. */
  #previous: string | undefined = GENESIS;
  #journal: string | undefined;
  /** The file in which a record was found that is not in its place. */
  #misplaced: string | undefined;
  records = 0;
  first: number | undefined;
  last = 0;
  hash = GENESIS;
  problems = 0;
  checkpoints = 0;
  signedUntil = 0;
  forgottenIntents = 0;

  constructor(parts: CheckParts) {
    this.#parts = parts;
    this.#known = new Map(parts.known.map((checkpoint) => [checkpoint.sequence, checkpoint]));
  }

  /** Identity of the journal, by its checkpoints; `undefined` before the first. */
  get journal(): string | undefined {
    return this.#journal;
  }

  /** What one more frame tells. */
  *take(frame: ScannedFrame): Generator<JournalFinding> {
    if (frame.kind !== "record") {
      yield* this.#unreadable(frame);
      return;
    }
    if (frame.place === "beyond") {
      yield this.#problem("inserted", frame, {
        expected: `the end of the file before number ${frame.sequence}`,
        found: "one more record, which no reader takes for one",
      });
      return;
    }
    // One altered place shifts all that follow it in the file.
    if (frame.place === "wrong" && this.#misplaced !== frame.segment) {
      this.#misplaced = frame.segment;
      yield this.#problem("edited", frame, {
        expected: `a header for number ${frame.sequence}`,
        found: "a header that was made for another number, or altered",
      });
    }
    const line = fieldsOf(frame.payload);
    if (line === undefined) {
      yield* this.#unreadable({ ...frame, kind: "unreadable", bytes: frame.payload.length });
      return;
    }
    yield* this.#line(line, frame.payload, frame);
  }

  /** What is known only at the end. `positions` are numbers that are written down beside the files. */
  *finish(positions: ReadonlyMap<string, number | "damaged">): Generator<JournalFinding> {
    const folder = { segment: undefined, sequence: undefined };
    if (this.#parts.keys.length === 0) for (const range of this.#claimed.splice(0)) this.#excused.add(range);
    for (const range of this.#missing.without(this.#excused)) yield this.#missingRange(range);
    for (const [name, position] of positions) {
      if (position === "damaged") {
        yield this.#problem("edited", folder, {
          expected: `a number in the file ${name}`,
          found: "none that is right",
        });
      } else if (position > this.last + 1) {
        yield this.#problem(
          "truncated",
          { segment: undefined, sequence: this.last + 1 },
          { expected: `records up to ${position - 1}, by the file ${name}`, found: `none after ${this.last}` },
        );
      }
    }
    for (const { sequence, hash } of this.#known.values()) {
      if (sequence <= this.last) continue;
      yield this.#problem(
        "truncated",
        { segment: undefined, sequence: this.last + 1 },
        { expected: `record ${sequence} with the hash ${hash}, by a checkpoint`, found: `none after ${this.last}` },
      );
    }
    for (const [id, { sequence, isOver }] of this.#intents) {
      yield { kind: "open_intent", folder: this.#parts.folder, sequence, id, isOver };
    }
  }

  *#unreadable(frame: Exclude<ScannedFrame, { kind: "record" }>): Generator<JournalFinding> {
    const { segment, sequence, bytes, kind } = frame;
    if (kind === "torn") {
      yield { kind: "torn", folder: this.#parts.folder, segment, sequence, bytes };
      return;
    }
    yield this.#problem(
      "unreadable",
      { segment, sequence },
      { expected: `record ${Math.max(sequence, this.#expected)}`, found: `${bytes} bytes that are no record` },
    );
    this.#previous = undefined;
    if (sequence >= this.#expected) this.#expected = sequence + 1;
  }

  *#line(line: LineFields, bytes: Uint8Array, where: Where): Generator<JournalFinding> {
    const { sequence, previous } = line;
    const at = { segment: where.segment, sequence };
    if (sequence - this.#expected > SKIPPED_MAX) {
      yield this.#problem("edited", at, { expected: `number ${this.#expected}`, found: `number ${sequence}` });
      return;
    }
    if (sequence < this.#expected) {
      // It is there, though not in its place.
      this.#excused.add([sequence, sequence]);
      yield this.#problem(sequence === this.last ? "inserted" : "reordered", at, {
        expected: `number ${this.#expected}`,
        found: `number ${sequence} once more, or out of its order`,
      });
      return;
    }
    yield* this.#skip(sequence);
    if (this.#previous !== undefined && previous !== this.#previous) {
      yield this.#problem(
        "edited",
        { ...at, sequence: Math.max(1, sequence - 1) },
        {
          expected: `the hash ${previous}, by record ${sequence}`,
          found: this.#previous,
        },
      );
    }
    this.#advance(line, bytes);
    yield* this.#content(line, at);
  }

  /** Notes what is missing before a line. The hash of what is missing cannot be known, unless nothing is between the two lines. */
  *#skip(sequence: number): Generator<JournalFinding> {
    if (sequence === this.#expected) return;
    const range = [this.#expected, sequence - 1] as const;
    if (!this.#missing.add(range)) yield this.#missingRange(range);
    this.#previous = undefined;
  }

  #missingRange([from, to]: NumberRange): JournalProblem {
    const found = "none of them, and no gap that says why";
    return this.#problem(
      "missing",
      { segment: undefined, sequence: from },
      { expected: `records ${from} to ${to}`, found },
    );
  }

  #advance({ sequence }: LineFields, bytes: Uint8Array): void {
    this.records += 1;
    this.first ??= sequence;
    this.last = sequence;
    this.#expected = sequence + 1;
    this.hash = hashOf(bytes);
    this.#previous = this.hash;
  }

  *#content(line: LineFields, at: Where): Generator<JournalFinding> {
    const { sequence, previous, id, gap, checkpoint } = line;
    const known = this.#known.get(sequence);
    if (known !== undefined && known.hash !== this.hash) {
      yield this.#problem("edited", at, { expected: `the hash ${known.hash}, by a checkpoint`, found: this.hash });
    }
    if (gap !== undefined) {
      yield { kind: "gap", folder: this.#parts.folder, sequence, gap };
      if (gap.from !== undefined && gap.to !== undefined) this.#claimed.push([gap.from, gap.to]);
    }
    if (checkpoint !== undefined) {
      this.#journal ??= checkpoint.journal;
      const { keys } = this.#parts;
      const isTrue = checkpoint.sequence === sequence - 1 && checkpoint.hash === previous;
      if (!isTrue || checkpoint.journal !== this.#journal || (keys.length > 0 && !isSigned(recordOf(line), keys))) {
        yield this.#problem("bad_checkpoint", at, {
          expected: `a signature over record ${sequence - 1} of the journal ${this.#journal}`,
          found: isTrue ? "one that no key has made" : `what is said of record ${checkpoint.sequence}`,
        });
      } else {
        this.checkpoints += 1;
        this.signedUntil = sequence;
        for (const range of this.#claimed.splice(0)) this.#excused.add(range);
      }
      if (checkpoint.reason === "opened") for (const intent of this.#intents.values()) intent.isOver = true;
    }
    if (id.endsWith(INTENT_ID_SUFFIX)) {
      if (this.#intents.size < OPEN_INTENTS_MAX) {
        this.#intents.set(id.slice(0, -INTENT_ID_SUFFIX.length), { sequence, isOver: false });
      } else this.forgottenIntents += 1;
    } else this.#intents.delete(id);
  }

  #problem(
    problem: JournalProblem["problem"],
    { segment, sequence }: Where,
    { expected, found }: { readonly expected: string; readonly found: string },
  ): JournalProblem {
    this.problems += 1;
    return { kind: "problem", problem, folder: this.#parts.folder, segment, sequence, expected, found };
  }
}

interface Where {
  readonly segment: string | undefined;
  readonly sequence: number | undefined;
}
