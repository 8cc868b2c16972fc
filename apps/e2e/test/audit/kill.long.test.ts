import { testAuditKills } from "../../src/harness/audit-kills.ts";

testAuditKills(100);
