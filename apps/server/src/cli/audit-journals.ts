import { loadConfig } from "../config/load.ts";
import type { AuditOptions } from "./audit-program.ts";

/** The folders of journals that a command is about: those it names, else that of the configuration. */
export function journalFolders({ journal, config }: AuditOptions): readonly string[] {
  if (journal !== undefined) return journal;
  const folder = loadConfig(config, process.env).config.compliance.journal?.folder;
  if (folder !== undefined) return [folder];
  throw new Error("the configuration keeps no journal: set compliance.journal.folder, or name a folder with --journal");
}
