/**
 * vite: a plugin for pages that call contracts. It runs while a page is built, in Node, and is no part of a program that runs.
 */
export { type BundlerPlugin, pickedContracts } from "./picked-contracts.ts";
