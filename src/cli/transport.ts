import { existsSync } from "node:fs";
import { filesOf, openAuthority } from "../certs/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { createTlsTransport, type TlsTransport } from "../wire/index.ts";
import { renewDue } from "./renew-certificates.ts";

/** The name in this command line's own certificate. */
export const commandLineName = "dure";
/** Certificates with less than a third of their life left are renewed, as ACME clients do (Let's Encrypt's advice). */
export const renewShare = 1 / 3;

/** TLS with a node's certificate; undefined where no folder of certificates is configured. */
export async function transportFor(
  certs: string | undefined,
  name: string,
  logger?: Logger,
): Promise<TlsTransport | undefined> {
  return certs === undefined ? undefined : createTlsTransport(filesOf(certs, name), logger);
}

/** A process that needs a certificate. */
export interface CertificateNeed {
  readonly name: string;
  readonly services: readonly string[];
}

/** Where the authority's key is at hand, as on a developer's machine: issues what is missing and renews what is due. */
export async function provideCertificates(
  certs: string,
  needs: readonly CertificateNeed[],
): Promise<void> {
  if (!existsSync(filesOf(certs, "ca").key)) return;
  const authority = await openAuthority(certs);
  const missing = needs.filter(({ name }) => !existsSync(filesOf(certs, name).cert));
  for (const need of missing) await authority.issue(need);
  await renewDue(certs, renewShare);
}
