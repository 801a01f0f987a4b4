import type { Problem } from "./problem.ts";

/** Header fields in the order in which they are sent. */
export type HeaderList = readonly (readonly [string, string])[];

/** Why a request is not let through. */
export interface Refusal {
  readonly status: number;
  readonly detail: string;
  readonly headers?: HeaderList;
  /** What is wrong with which field. */
  readonly errors?: Problem["errors"];
}

/** What a step of a request came to. */
export type Step<Value> =
  | { readonly value: Value; readonly refusal?: undefined }
  | { readonly refusal: Refusal };
