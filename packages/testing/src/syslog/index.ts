export { rsyslog } from "./rsyslog.ts";
export { syslogNg } from "./syslog-ng.ts";
export { type ReceivedSyslog, type SyslogProgram, SyslogReceiver } from "./syslog-receiver.ts";
export { SYSLOG_TRANSPORTS, type SyslogPorts, type SyslogTransport, sendSyslog } from "./syslog-sender.ts";
