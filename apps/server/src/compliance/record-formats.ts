/** The formats that records can be written in; the ones of the package, by their names. The command line knows them without its schemas. */
export const RECORD_FORMATS = ["json-lines", "cef", "leef", "syslog", "ecs", "ocsf", "splunk-hec"] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];
