import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { ReceivedSyslog, SyslogProgram } from "./syslog-receiver.ts";
import { boundedCommand, moduleFolder, unpackedProgram } from "./unpacked-program.ts";

/** syslog-ng, which refuses structured data that rsyslog would keep. A test that uses it carries the tags `syslog-ng` and `openssl`. */
export const syslogNg: SyslogProgram = {
  name: "syslog-ng",
  prepare(folder, ports, output) {
    const program = unpackedProgram("syslog-ng");
    const modules = moduleFolder(program, "usr/lib/syslog-ng/[0-9]*");
    const file = (name: string): string => join(folder, name);
    writeFileSync(
      file("syslog-ng.conf"),
      `@version: ${basename(modules)}
options { keep-hostname(yes); use-dns(no); log-msg-size(262144); time-reopen(1); stats-freq(0); };
source s {
  syslog(ip(127.0.0.1) port(${ports.udp}) transport("udp") so-rcvbuf(8388608));
  syslog(ip(127.0.0.1) port(${ports.tcp}) transport("tcp"));
  syslog(ip(127.0.0.1) port(${ports.tls}) transport("tls")
    tls(key-file("${file("server.key")}") cert-file("${file("server.pem")}") peer-verify(optional-untrusted)));
};
destination d {
  file("${output}" template("$(format-json
    pri=$PRI timestamp=$ISODATE hostname=$HOST app=$PROGRAM procid=$PID msgid=$MSGID msg=$MESSAGE --key .SDATA.* )\\n"));
};
log { source(s); destination(d); };
`,
    );
    const files = ["-f", file("syslog-ng.conf"), "-R", file("persist"), "-p", file("pid"), "-c", file("control")];
    return boundedCommand(program, "usr/sbin/syslog-ng", ["-F", "--no-caps", `--module-path=${modules}`, ...files]);
  },
  read(line): ReceivedSyslog {
    // The template above writes it. Parameters of structured data become nested objects at their dots.
    const { _SDATA: data = {}, ...fields } = JSON.parse(line) as Template;
    return {
      priority: fields.pri ?? "",
      timestamp: fields.timestamp ?? "",
      hostname: fields.hostname ?? "",
      appName: fields.app ?? "",
      processId: fields.procid ?? "",
      messageId: fields.msgid ?? "",
      message: fields.msg ?? "",
      data,
      parsed: {},
    };
  },
};

type Template = Partial<
  Readonly<Record<"pri" | "timestamp" | "hostname" | "app" | "procid" | "msgid" | "msg", string>>
> & {
  readonly _SDATA?: Readonly<Record<string, unknown>>;
};
