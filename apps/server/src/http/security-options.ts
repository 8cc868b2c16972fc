import { z } from "zod";
import { FORWARDED_HEADERS, isAddressRange } from "./client-address.ts";

const file = z.string().min(1);

const tls = z
  .strictObject({
    cert_file: file.describe("PEM certificate, with those between it and the authority. Read again when it changes."),
    key_file: file.describe("PEM key of the certificate. Read again when it changes."),
    client_ca_file: file
      .optional()
      .describe("PEM authorities of client certificates. With it a client without one of theirs gets no connection."),
    min_version: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2").describe("Oldest version of TLS that is spoken."),
  })
  .describe("Serves HTTPS instead of HTTP.");
export type ListenerTlsOptions = z.infer<typeof tls>;

const origin = z.url({ protocol: /^https?$/ });

/** The keys of the section `http` by which it is protected. */
export const securityOptions = {
  public_url: origin
    .refine((url) => /^https?:\/\/[^/?#@]+\/?$/.test(url), { error: "scheme, host and port only" })
    .transform((url) => url.replace(/\/$/, ""))
    .optional()
    .describe("Where clients reach the gateway, for documents that name it. Without it, what the request says."),
  tls: tls.optional(),
  trusted_proxies: z
    .array(z.string().refine(isAddressRange, { error: "an address or a range such as 10.0.0.0/8" }))
    .max(1_000)
    .default([])
    .describe("Proxies that are believed when they say who asks, as addresses or ranges."),
  forwarded_header: z
    .enum(FORWARDED_HEADERS)
    .default("x-forwarded")
    .describe("How they say it: `X-Forwarded-For` and `-Proto`, or `Forwarded` (RFC 7239). The other is not read."),
  cors: z
    .strictObject({
      allowed_origins: z
        .array(origin)
        .max(1_000)
        .default([])
        .describe("Origins whose pages may read answers, such as `https://chat.example.com`. None by default."),
    })
    .prefault({})
    .describe("Cross-origin requests of browsers."),
} as const;
