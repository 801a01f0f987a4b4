/**
 * certs: a private certificate authority for a mesh, as a folder of PEM files. Running nodes read the files through the wire's TLS
 * transport; what issues is loaded only where something is issued, because it is large.
 */
import type { Authority } from "./authority.ts";

export type { Authority } from "./authority.ts";
export { type CertificateInfo, filesOf, listCertificates } from "./folder.ts";

/** Makes a new authority in a folder. Rejects with ALREADY_EXISTS where there is one: its certificates would all be worthless. */
export async function initAuthority(folder: string, mesh: string): Promise<Authority> {
  return (await import("./authority.ts")).initAuthority(folder, mesh);
}

/** Opens the authority of a folder. Rejects with NOT_FOUND where there is none, or its key is elsewhere. */
export async function openAuthority(folder: string): Promise<Authority> {
  return (await import("./authority.ts")).openAuthority(folder);
}
