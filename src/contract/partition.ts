import { DureError } from "../kit/index.ts";
import type { OperationOptions } from "./operation.ts";
import { isStreamOf } from "./stream.ts";

/**
 * The field that `partitionBy` reads, so that a gateway, which has the contract as data, finds the same instance as callers that
 * have the function. Throws INVALID_ARGUMENT where the input is a stream, or where an operation with `http` computes its key.
 */
export function partitionOf(
  { partitionBy, input, http }: OperationOptions,
  where: string,
): { readonly partitionField?: string } {
  if (!partitionBy) return {};
  if (!input || isStreamOf(input)) {
    throw new DureError(
      "INVALID_ARGUMENT",
      `${where}: partitionBy needs an input that is known when the call begins`,
    );
  }
  const field = fieldReadBy(partitionBy);
  if (field !== undefined) return { partitionField: field };
  if (http === undefined) return {};
  throw new DureError(
    "INVALID_ARGUMENT",
    `${where}: with http, partitionBy must be one field of the input, as in (input) => input.id`,
  );
}

/** Watches which property the function reads and whether that is what it returns. */
function fieldReadBy(partitionBy: (input: unknown) => unknown): string | undefined {
  const marks = new Map<unknown, string>();
  const spy = new Proxy(
    {},
    {
      get(_target, name) {
        const mark = Object.freeze({});
        if (typeof name === "string") marks.set(mark, name);
        return mark;
      },
    },
  );
  try {
    return marks.get(partitionBy(spy));
  } catch {
    // It does something with the value: a computed key.
    return undefined;
  }
}
