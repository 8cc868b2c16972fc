import { beforeAll } from "vitest";
import { knownSecrets } from "../src/redaction/index.ts";

// Unit tests share a process: what one file enters must not be hidden from the texts of the next.
beforeAll(() => knownSecrets.clear());
