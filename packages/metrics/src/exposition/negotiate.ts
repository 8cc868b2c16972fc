import type { ExpositionFormat } from "./format.ts";

interface Offer {
  readonly format: ExpositionFormat;
  readonly type: string;
  readonly subtype: string;
  readonly version: string;
}

/** In order of preference when a client accepts both equally: the older one, because every client can read it. */
const OFFERS: readonly Offer[] = [
  { format: "text", type: "text", subtype: "plain", version: "0.0.4" },
  { format: "openMetrics", type: "application", subtype: "openmetrics-text", version: "1.0.0" },
];

interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly version: string | undefined;
  readonly quality: number;
}

/**
 * Chooses the format of a scrape from the `Accept` header (RFC 9110, section 12.5.1): the one with the highest quality,
 * where the most specific range decides the quality of a format. Nothing acceptable, or no header, gives text.
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  const ranges = (accept ?? "*/*").split(",").flatMap(parseRange);
  let best: { readonly format: ExpositionFormat; readonly quality: number } = { format: "text", quality: 0 };
  for (const offer of OFFERS) {
    const quality = qualityOf(offer, ranges);
    if (quality > best.quality) best = { format: offer.format, quality };
  }
  return best.format;
}

function qualityOf(offer: Offer, ranges: readonly MediaRange[]): number {
  let specificity = -1;
  let quality = 0;
  for (const range of ranges) {
    const own = specificityOf(offer, range);
    if (own > specificity || (own === specificity && range.quality > quality)) {
      specificity = own;
      quality = range.quality;
    }
  }
  return specificity === -1 ? 0 : quality;
}

/** How exactly a range names the offer, from `any type` (0) to type, subtype and version (3); -1 if it does not match. */
function specificityOf(offer: Offer, range: MediaRange): number {
  if (range.type === "*") return range.subtype === "*" ? 0 : -1;
  if (range.type !== offer.type) return -1;
  if (range.subtype === "*") return 1;
  if (range.subtype !== offer.subtype) return -1;
  if (range.version === undefined) return 2;
  return range.version === offer.version ? 3 : -1;
}

/** A malformed range counts as absent. */
function parseRange(text: string): readonly MediaRange[] {
  const [mediaType = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const [, type, subtype] = /^([^\s/]+)\/([^\s/]+)$/.exec(mediaType) ?? [];
  if (type === undefined || subtype === undefined) return [];
  const quality = parameterOf(parameters, "q") ?? "1";
  if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(quality)) return [];
  return [{ type, subtype, version: parameterOf(parameters, "version"), quality: Number(quality) }];
}

function parameterOf(parameters: readonly string[], name: string): string | undefined {
  const parameter = parameters.find((candidate) => candidate.startsWith(`${name}=`));
  return parameter?.slice(name.length + 1).replace(/^"(.*)"$/, "$1");
}
