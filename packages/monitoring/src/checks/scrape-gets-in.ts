import type { Check, Finding } from "./check.ts";

/** The way in to the gateway is whole: half of it would be refused by Prometheus, or by the gateway at every scrape. */
export const scrapeGetsIn: Check = {
  name: "scrape-gets-in",
  run({ options: { scrape } }) {
    const { scheme, authorization, basicAuth, tls } = scrape;
    const findings: readonly (readonly [isWrong: boolean, problem: string, mend: string])[] = [
      [
        authorization.credentialsFile !== "" && basicAuth.username !== "",
        "it has both authorization and basicAuth, of which a request has one",
        "leave one of them out",
      ],
      [
        (basicAuth.username === "") !== (basicAuth.passwordFile === ""),
        "basicAuth has a user name or a password file, but not both",
        "give both",
      ],
      [
        (tls.certFile === "") !== (tls.keyFile === ""),
        "tls has a certificate without its key, or a key without its certificate",
        "give certFile and keyFile",
      ],
      [
        scheme === "http" && Object.values(tls).some((value) => value !== ""),
        "it has tls, but the scheme is http, so that nothing of it is used",
        "set scheme to https",
      ],
    ];
    return findings.flatMap(([isWrong, problem, mend]): readonly Finding[] =>
      isWrong ? [{ subject: "option scrape", problem, mend }] : [],
    );
  },
};
