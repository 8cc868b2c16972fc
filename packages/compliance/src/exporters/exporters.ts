import { CefFormat } from "../formats/cef.ts";
import { JsonLinesFormat } from "../formats/json-lines.ts";
import { LeefFormat, type LeefOptions } from "../formats/leef.ts";
import type { Product } from "../formats/product.ts";
import { type StructuredSyslogOptions, SyslogFormat } from "../formats/syslog.ts";
import { type AuditExporterOptions, FormatExporter } from "./format-exporter.ts";

/** Audit records in Common Event Format, for ArcSight, Sentinel and others. */
export class CEFExporter extends FormatExporter {
  constructor({ product, ...options }: AuditExporterOptions & { readonly product?: Product }) {
    super(new CefFormat(product), options);
  }
}

/** Audit records in Log Event Extended Format 2.0, for QRadar. @throws RangeError for a delimiter that cannot separate. */
export class LEEFExporter extends FormatExporter {
  constructor({ leef, ...options }: AuditExporterOptions & { readonly leef?: LeefOptions }) {
    super(new LeefFormat(leef), options);
  }
}

/** Audit records as JSON, one a line, by the published schema. */
export class JSONLinesExporter extends FormatExporter {
  constructor(options: AuditExporterOptions) {
    super(new JsonLinesFormat(), options);
  }
}

/** Audit records as messages of RFC 5424. @throws RangeError for options that the standard does not allow. */
export class SyslogExporter extends FormatExporter {
  constructor({ syslog, ...options }: AuditExporterOptions & { readonly syslog?: StructuredSyslogOptions }) {
    super(new SyslogFormat(syslog), options);
  }
}
