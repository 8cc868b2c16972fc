export { SAMPLE_TIME_MS, type SampleText, sampleEvents } from "./sample-events.ts";
