export { SAMPLE_TIME_MS, type SampleText, sampleEvent, sampleEvents } from "./sample-events.ts";
