import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The files of one certificate, as the wire takes them. */
export interface CertificateFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says, for people. */
export interface CertificateInfo {
  readonly file: string;
  /** Its subject alternative names, as OpenSSL writes them. */
  readonly names: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** The name of the authority's own files; no node may have it. */
export const authorityName = "ca";

/** Where a name's files are in a folder of certificates. */
export function filesOf(folder: string, name: string): CertificateFiles {
  return {
    ca: join(folder, `${authorityName}.pem`),
    cert: join(folder, `${name}.pem`),
    key: join(folder, `${name}-key.pem`),
  };
}

/** Every certificate of a folder, the one that ends first first. Throws what reading the folder throws. */
export function listCertificates(folder: string): CertificateInfo[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".pem") && !file.endsWith("-key.pem"))
    .map((file) => {
      const certificate = new X509Certificate(readFileSync(join(folder, file)));
      return {
        file,
        names: certificate.subjectAltName ?? certificate.subject,
        validFrom: new Date(certificate.validFrom),
        validTo: new Date(certificate.validTo),
      };
    })
    .sort((left, right) => left.validTo.getTime() - right.validTo.getTime());
}

/** Writes a file that is there whole or not at all; keys are for their owner alone. */
export function writePem(path: string, text: string, isKey: boolean): void {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, text, { mode: isKey ? 0o600 : 0o644 });
  renameSync(beside, path);
}
