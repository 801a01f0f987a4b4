import fc from "fast-check";

const text = (characters: string, maxLength: number, minLength = 1) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
const token = text("abcXYZ09-_!~", 12);
const value = text('ab Z09\t"(),/:;\xe9\xff', 40, 0);
const bytes = fc.uint8Array({ maxLength: 300 });
const latin1 = (array: Uint8Array) => Buffer.from(array).toString("latin1");

const chunkedBody = fc
  .tuple(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 5 }),
    fc.constantFrom("", ";a", ';a="b;\\"c"', ";a=b;c"),
    fc.constantFrom("", "X: trailer\r\n"),
  )
  .map(([chunks, extension, trailer]) => {
    const written = chunks.map(
      (chunk) => `${chunk.length.toString(16)}${extension}\r\n${latin1(chunk)}\r\n`,
    );
    return `transfer-encoding: chunked\r\n\r\n${written.join("")}0${extension}\r\n${trailer}\r\n`;
  });
const lengthBody = bytes.map((array) => `Content-Length:${array.length}\r\n\r\n${latin1(array)}`);
/** A request that every server understands, as bytes of latin1. */
export const validRequest = fc
  .tuple(
    fc.constantFrom("", "\r\n"),
    fc.constantFrom("GET", "POST", "M-SEARCH"),
    text("abc/?=&-_~%", 30, 0).map((target) => `/${target.replaceAll("%", "%41")}`),
    fc.array(fc.tuple(token, value), { maxLength: 8 }),
    fc.oneof(lengthBody, chunkedBody, fc.constant("\r\n")),
  )
  .map(([before, method, target, fields, body]) => {
    const lines = fields.map(([name, content]) => `x${name}:${content}\r\n`);
    return `${before}${method} ${target} HTTP/1.1\r\nHost: a\r\n${lines.join("")}${body}`;
  });
const stream = fc.array(validRequest, { minLength: 1, maxLength: 4 }).map((all) => all.join(""));
/** Valid streams, some of them cut short and some with a byte changed. */
export const anyStream = fc
  .tuple(stream, fc.option(fc.tuple(fc.nat(), fc.nat(255))), fc.option(fc.nat()))
  .map(([whole, change, cut]) => {
    const buffer = Buffer.from(whole, "latin1");
    if (change) buffer[change[0] % buffer.length] = change[1];
    return cut === null ? buffer : buffer.subarray(0, cut % buffer.length);
  });
