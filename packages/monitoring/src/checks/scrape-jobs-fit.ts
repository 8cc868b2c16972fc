import { toSeconds } from "../promql/duration.ts";
import type { Check, Finding } from "./check.ts";

/** Prometheus refuses a configuration with two jobs of one name, or a scrape that takes longer than the next one comes. */
export const scrapeJobsFit: Check = {
  name: "scrape-jobs-fit",
  run({ options }) {
    const { jobName, scrapeInterval, scrapeTimeout, watchers } = options;
    const scraped = Object.entries(watchers).filter(([, watcher]) => watcher.scraped);
    const jobs = [
      ["jobName", jobName],
      ...scraped.map(([name, watcher]) => [`watchers.${name}.jobName`, watcher.jobName]),
    ];
    const same = [...Map.groupBy(jobs, ([, job]) => job)].filter(([, named]) => named.length > 1);
    return [
      ...same.map(
        ([job, named]): Finding => ({
          subject: "option watchers",
          problem: `${named.map(([option]) => option).join(" and ")} are both "${job}"`,
          mend: "give each job a name of its own, or set scraped to false where something else scrapes it",
        }),
      ),
      ...(toSeconds(scrapeTimeout) > toSeconds(scrapeInterval)
        ? [
            {
              subject: "option scrapeTimeout",
              problem: `it is longer than scrapeInterval, which is ${scrapeInterval}`,
              mend: "give a shorter one",
            },
          ]
        : []),
    ];
  },
};
