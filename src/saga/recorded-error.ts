import { ContractError } from "../contract/index.ts";
import { DureError } from "../kit/index.ts";

/** An error as text, so that a saga that is resumed meets the same one. */
export function errorToText(error: Error): string {
  const { message, code, details } = error as Partial<DureError> & Error;
  if (error instanceof ContractError) {
    const { operation, data } = error;
    return JSON.stringify({ operation, code, data, message });
  }
  return JSON.stringify({ code: code ?? "INTERNAL", message, details });
}

/** The error that was written down. */
export function errorFromText(text: string): DureError {
  const { operation, code, data, message, details } = JSON.parse(text);
  return operation === undefined
    ? new DureError(code, message, { details })
    : new ContractError(operation, code, data);
}
