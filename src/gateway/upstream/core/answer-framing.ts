/** How long the body of an answer is, and whether the connection stays (RFC 9112, sections 6.3 and 9.3). */
import type { AnswerHead } from "./answer-head-reader.ts";

/** How the end of a body is known. */
export type AnswerBodyLength = number | "chunked" | "until close";

/** What the fields of an answer mean together. */
export interface AnswerFraming {
  readonly bodyLength: AnswerBodyLength;
  /** What `Content-Length` says, of an answer to HEAD too. */
  readonly statedLength: number | undefined;
  readonly isPersistent: boolean;
}

/** Fifteen digits are exact as a number and more than any body has. */
const lengthPattern = /^\d{1,15}$/;

/** Judges an answer's head; a text says what is wrong with it. */
export function judgeAnswer(head: AnswerHead, method: string): AnswerFraming | string {
  const { status, minorVersion } = head;
  const lengths = valuesOf(head, "content-length");
  const encodings = valuesOf(head, "transfer-encoding");
  const [length] = lengths;
  const [encoding] = encodings;
  if (lengths.length > 1 || encodings.length > 1) return "it states its length more than once";
  if (length !== undefined && encoding !== undefined)
    return "it has both a content-length and a transfer-encoding";
  if (encoding !== undefined && (minorVersion === 0 || encoding.toLowerCase() !== "chunked"))
    return `its transfer-encoding is "${encoding}"`;
  if (length !== undefined && !lengthPattern.test(length))
    return `its content-length is "${length}"`;
  const statedLength = length === undefined ? undefined : Number(length);
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  const stated = encoding === undefined ? (statedLength ?? "until close") : "chunked";
  const bodyLength = hasBody ? stated : 0;
  return {
    bodyLength,
    statedLength,
    isPersistent: bodyLength !== "until close" && staysOpen(head),
  };
}

function staysOpen(head: AnswerHead): boolean {
  const options = valuesOf(head, "connection")
    .flatMap((value) => value.toLowerCase().split(","))
    .map((option) => option.trim());
  if (options.includes("close")) return false;
  return head.minorVersion === 1 || options.includes("keep-alive");
}

function valuesOf({ headers }: AnswerHead, name: string): string[] {
  return headers.filter(([field]) => field === name).map(([, value]) => value);
}
