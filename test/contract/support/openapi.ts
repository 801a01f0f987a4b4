import { Validator } from "@seriousme/openapi-schema-validator";

/** Checks an OpenAPI document by the specification's own schema. */
export function validate(document: object): Promise<{ valid: boolean; errors?: unknown }> {
  return new Validator().validate(document as never) as Promise<{
    valid: boolean;
    errors?: unknown;
  }>;
}
