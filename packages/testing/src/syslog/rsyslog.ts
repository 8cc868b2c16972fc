import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ReceivedSyslog, SyslogProgram } from "./syslog-receiver.ts";
import { boundedCommand, moduleFolder, unpackedProgram } from "./unpacked-program.ts";

/**
 * rsyslog, which reads structured data with `mmpstrucdata` and CEF with liblognorm. It is told to keep control characters, so that a
 * sender that writes some is seen. A test that uses it carries the tags `rsyslog` and `openssl`.
 */
export const rsyslog: SyslogProgram = {
  name: "rsyslog",
  prepare(folder, ports, output) {
    const program = unpackedProgram("rsyslog");
    const file = (name: string): string => join(folder, name);
    writeFileSync(file("cef.rulebase"), "version=2\nrule=cef:%f:cef%\n");
    writeFileSync(
      file("rsyslog.conf"),
      `
global(workDirectory="${folder}" maxMessageSize="256k" parser.escapeControlCharactersOnReceive="off"
  defaultNetstreamDriverCAFile="${file("server.pem")}"
  defaultNetstreamDriverCertFile="${file("server.pem")}" defaultNetstreamDriverKeyFile="${file("server.key")}")
module(load="imudp")
module(load="imptcp")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
module(load="mmpstrucdata")
module(load="mmnormalize")
input(type="imudp" address="127.0.0.1" port="${ports.udp}")
input(type="imptcp" address="127.0.0.1" port="${ports.tcp}" supportOctetCountedFraming="on")
input(type="imtcp" address="127.0.0.1" port="${ports.tls}")
template(name="line" type="list") {
${PROPERTIES.map(([name, property]) => `  constant(value="${name === "pri" ? "{" : ", "}\\"${name}\\":\\"") property(name="${property}" format="json") constant(value="\\"")`).join("\n")}
  constant(value=", \\"all\\":") property(name="$!all-json") constant(value="}\\n")
}
action(type="mmpstrucdata" sd_name.lowercase="off")
if $msg startswith "CEF:" then action(type="mmnormalize" ruleBase="${file("cef.rulebase")}")
action(type="omfile" file="${output}" template="line" asyncWriting="off" flushOnTXEnd="on")
`,
    );
    const modules = moduleFolder(program, "usr/lib/*/rsyslog");
    return boundedCommand(program, "usr/sbin/rsyslogd", [
      "-n",
      "-f",
      file("rsyslog.conf"),
      "-i",
      file("pid"),
      "-M",
      modules,
    ]);
  },
  read(line): ReceivedSyslog {
    // The template above writes it.
    const { pri, timestamp, hostname, app, procid, msgid, msg, all } = JSON.parse(line) as Template;
    const { "rfc5424-sd": data = {}, ...parsed } = all ?? {};
    return {
      priority: pri,
      timestamp,
      hostname,
      appName: app,
      processId: procid,
      messageId: msgid,
      message: msg,
      data: data as Readonly<Record<string, unknown>>,
      parsed,
    };
  },
};

const PROPERTIES = [
  ["pri", "pri"],
  ["timestamp", "timereported"],
  ["hostname", "hostname"],
  ["app", "app-name"],
  ["procid", "procid"],
  ["msgid", "msgid"],
  ["msg", "msg"],
] as const;

type Template = Readonly<Record<(typeof PROPERTIES)[number][0], string>> & {
  readonly all?: Readonly<Record<string, unknown>>;
};
