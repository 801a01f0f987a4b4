/**
 * sidecar: a place in the mesh for a program written in any language. Starts it, waits until it is healthy, offers its routes as a
 * service, hands it calls as plain HTTP, and gives it a port of its own for calls to others.
 */
export { AppClient } from "./app-client.ts";
export { OfferedProgram } from "./offered-program.ts";
export type { OfferOptions, SidecarOptions } from "./options.ts";
export { type Sidecar, startSidecar } from "./sidecar.ts";
