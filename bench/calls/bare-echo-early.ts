/**
 * The bare echo, written in pieces of 8 KiB within a tick: with one write per tick, two processes that have 64 calls between
 * them work in turns and wait for each other in between.
 */
import { batchedSend, echoPeer } from "./bare-echo.ts";

const writeBytes = 8 * 1_024;

export default echoPeer((socket) => batchedSend(socket, writeBytes));
