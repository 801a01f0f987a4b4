import { z } from "zod";

/** A folder of files that the gateway offers. */
export const files = z.strictObject({
  folder: z.string().min(1),
  at: z
    .string()
    .regex(/^\/([\w.~-]+(\/[\w.~-]+)*\/?)?$/, 'must be a path such as "/" or "/assets"')
    .exactOptional(),
  page: z.string().min(1).exactOptional(),
  immutable: z.string().min(1).exactOptional(),
  headers: z
    .record(
      z.string().regex(/^[A-Za-z0-9-]+$/, "must be the name of a header"),
      z.string().regex(/^[\x20-\x7e]*$/, "must be printable ASCII"),
    )
    .exactOptional(),
});
