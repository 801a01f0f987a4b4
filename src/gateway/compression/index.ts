/** compression: answers in br or gzip, for clients that take them. */
export { type CompressionOptions, Compressor } from "./compressor.ts";
