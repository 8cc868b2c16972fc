/** What to look at, by the status of HTTP or the code of gRPC with which a collector refuses what it is sent. */
const ADVICE: readonly (readonly [answers: readonly (number | string)[], advice: string])[] = [
  [[301, 302, 303, 307, 308], "redirects are not followed: is the endpoint complete, and its scheme right?"],
  [[401, 403, "UNAUTHENTICATED", "PERMISSION_DENIED"], "are the credentials in the headers right?"],
  [[404, 405, "UNIMPLEMENTED"], "is the endpoint that of an OTLP receiver, with the path that it wants?"],
  [[413], "does it take requests of 2 MB?"],
  [[415], "does it take this protocol?"],
];

/** That as the end of a message; empty where it is best to wait. */
export function adviceOn(answer: number | string): string {
  const advice = ADVICE.find(([answers]) => answers.includes(answer))?.[1];
  return advice === undefined ? "" : `; ${advice}`;
}
