import { readFileSync } from "node:fs";

/**
 * Loaded into the process of a gateway before the gateway itself (`--import`): its clock is that of the machine and so many ms ahead as a
 * file says, which is read again on SIGUSR2. To set the clock of the machine would set that of everybody.
 */
const file = process.env.HANGAR_TEST_CLOCK;
const machineMs = Date.now.bind(Date);
let offsetMs = 0;
process.on("SIGUSR2", () => {
  if (file !== undefined) offsetMs = Number(readFileSync(file, "utf8"));
});
Date.now = () => machineMs() + offsetMs;
