import type { Schema } from "./schema.ts";

/** Any number of items of one schema, one after another. Made with {@link stream}. */
export interface StreamOf<Item extends Schema = Schema> {
  readonly "~stream": Item;
}

/**
 * Says that an operation answers (or takes) items one after another. The handler returns an async iterable, most simply by being
 * an async generator; the caller reads with `for await`. A reader that is slow slows the writer down.
 */
export function stream<Item extends Schema>(item: Item): StreamOf<Item> {
  return { "~stream": item };
}

/** Whether a declared input or output is a stream. */
export function isStreamOf(value: Schema | StreamOf | undefined): value is StreamOf {
  return value !== undefined && "~stream" in value;
}

/** The schema of what is declared, or of one item of it. */
export function itemSchema(value: Schema | StreamOf): Schema {
  return isStreamOf(value) ? value["~stream"] : value;
}
