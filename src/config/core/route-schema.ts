import { z } from "zod";
import { deadlineMs, deadlineMsMax, processName } from "./schema-parts.ts";

const upstreamUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.test(text),
    'must be "http://host:port" or "https://host:port", without a path',
  );

/** A route of the gateway. */
const routeFields = z.strictObject({
  path: z.string().startsWith("/"),
  upstream: z
    .union([
      upstreamUrl,
      z.array(upstreamUrl).min(1).readonly(),
      z
        .record(
          processName,
          z.strictObject({
            urls: z.union([upstreamUrl, z.array(upstreamUrl).min(1).readonly()]),
            weight: z.number().min(0),
          }),
        )
        .refine(
          (versions) => Object.values(versions).some(({ weight }) => weight > 0),
          "must have a version with a weight above 0",
        ),
    ])
    .exactOptional(),
  versions: z
    .record(z.string().min(1), z.number().min(0))
    .refine(
      (versions) => Object.values(versions).some((weight) => weight > 0),
      "must have a version with a weight above 0",
    )
    .exactOptional(),
  host: z
    .string()
    .regex(/^(\*\.)?[A-Za-z0-9.-]+$/, 'must be a name without a port, or "*." and a name')
    .exactOptional(),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string()).exactOptional(),
  sticky: z
    .union([
      z.strictObject({ cookie: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/) }),
      z.strictObject({ header: z.string().min(1) }),
      z.strictObject({ ip: z.literal(true) }),
    ])
    .exactOptional(),
  tls: z
    .strictObject({
      ca: z.string().min(1).exactOptional(),
      serverName: z.string().min(1).exactOptional(),
      cert: z.string().min(1).exactOptional(),
      key: z.string().min(1).exactOptional(),
    })
    .refine(
      ({ cert, key }) => (cert === undefined) === (key === undefined),
      "must have cert and key together",
    )
    .exactOptional(),
  mirror: upstreamUrl.exactOptional(),
  fallback: z
    .strictObject({
      staleS: z.int().min(1).exactOptional(),
      body: z.string().exactOptional(),
      status: z.int().min(200).max(599).exactOptional(),
      contentType: z.string().min(1).exactOptional(),
    })
    .refine(
      ({ body, staleS }) => body !== undefined || staleS !== undefined,
      "must have a body, staleS, or both",
    )
    .exactOptional(),
  auth: z.literal("public").exactOptional(),
  scopes: z.array(z.string().min(1)).readonly().exactOptional(),
  deadlineMs: deadlineMs.exactOptional(),
  idleMs: z.int().min(1_000).max(deadlineMsMax).exactOptional(),
  bodyBytesMax: z.int().min(0).exactOptional(),
  cache: z.literal(true).exactOptional(),
  health: z
    .strictObject({
      path: z.string().startsWith("/"),
      everyMs: z.int().min(100).max(deadlineMsMax).exactOptional(),
    })
    .exactOptional(),
});

/** What a route without an upstream may say. */
const ofOperations = ["path", "host", "headers", "versions", "sticky", "fallback"];

/** A route of the gateway. */
export const route = routeFields.superRefine((section, context) => {
  const message = (name: string) =>
    section.upstream === undefined
      ? `needs an upstream; without one a route says only ${ofOperations.slice(1).join(", ")}`
      : `is for routes without an upstream; write ${name} into the upstream`;
  for (const name of Object.keys(section)) {
    const isOfOperations = ofOperations.includes(name);
    const isRefused = section.upstream === undefined ? !isOfOperations : name === "versions";
    if (isRefused) context.addIssue({ code: "custom", path: [name], message: message(name) });
  }
});
