/** What scenarios are told with: series that grow by mood, and stories of how an alert comes to fire. */
export { allAt, counter, gauge, histogram, lastSuccess, type StorySeries, steady } from "../scenarios/series.ts";
export {
  alertNamed,
  around,
  type Coverage,
  inShares,
  type Shares,
  type Story,
  stepOf,
  tell,
  together,
} from "../scenarios/story.ts";
