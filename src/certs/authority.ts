import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { DureError, wallTime } from "../kit/index.ts";
import { authorityName, type CertificateFiles, filesOf, writePem } from "./folder.ts";

/** What a certificate is issued for. */
export interface IssueOptions {
  /** The node's name: what it calls itself in the mesh. */
  readonly name: string;
  /** Further names it may act under: the services that a process hosts. */
  readonly services?: readonly string[] | undefined;
  /** Host names and addresses, for clients that check them, such as curl. */
  readonly hosts?: readonly string[] | undefined;
  /** Default 90. */
  readonly days?: number | undefined;
}

/** A certificate authority that can issue. */
export interface Authority {
  readonly mesh: string;
  /** Writes `<name>.pem` and `<name>-key.pem`, over those that are there. */
  issue(options: IssueOptions): Promise<CertificateFiles>;
}

/** P-256 with SHA-256: what every TLS 1.3 stack must have (RFC 8446, section 9.1). */
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;
const authorityDays = 3_650;
const defaultDays = 90;
/** Clocks of two machines differ. */
const earlyMs = 5 * 60_000;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Makes a new authority in a folder. Throws ALREADY_EXISTS where there is one: its certificates would all be worthless. */
export async function initAuthority(folder: string, mesh: string): Promise<Authority> {
  const { cert, key } = filesOf(folder, authorityName);
  if (existsSync(cert))
    throw new DureError(
      "ALREADY_EXISTS",
      `${cert} is there; a new authority would end the old one. Move it away first`,
    );
  mkdirSync(folder, { recursive: true });
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${mesh} mesh authority`,
    notBefore: new Date(wallTime() - earlyMs),
    notAfter: new Date(wallTime() + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${mesh}` }]),
    ],
  });
  writePem(key, await privatePem(keys.privateKey), true);
  writePem(cert, `${certificate.toString("pem")}\n`, false);
  return openAuthority(folder);
}

/** Opens the authority of a folder. Throws NOT_FOUND where there is none, or its key is elsewhere. */
export async function openAuthority(folder: string): Promise<Authority> {
  const files = filesOf(folder, authorityName);
  if (!existsSync(files.cert) || !existsSync(files.key))
    throw new DureError(
      "NOT_FOUND",
      `${folder} holds no authority with its key; make one with dure certs init`,
    );
  const certificate = new X509Certificate(readFileSync(files.cert, "utf8"));
  const signingKey = await importKey(readFileSync(files.key));
  const mesh = meshOf(certificate);
  return {
    mesh,
    async issue(options) {
      const { name, services = [], hosts = [], days = defaultDays } = options;
      for (const each of [name, ...services]) checkName(each);
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const issued = await X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: `CN=${name}`,
        issuer: certificate.subject,
        notBefore: new Date(wallTime() - earlyMs),
        notAfter: new Date(Math.min(wallTime() + days * dayMs, certificate.notAfter.getTime())),
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey,
        signingKey,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          new SubjectAlternativeNameExtension(
            [...new Set([name, ...services])]
              .map((each): JsonGeneralName => ({ type: "url", value: `spiffe://${mesh}/${each}` }))
              .concat(["localhost", "127.0.0.1", ...hosts].map(hostName)),
          ),
        ],
      });
      const target = filesOf(folder, name);
      writePem(target.key, await privatePem(keys.privateKey), true);
      writePem(target.cert, `${issued.toString("pem")}\n`, false);
      return target;
    },
  };
}

function checkName(name: string): void {
  if (namePattern.test(name) && name !== authorityName) return;
  throw new DureError(
    "INVALID_ARGUMENT",
    `"${name}" cannot be a name in a certificate; use letters, digits, dots, hyphens and underscores, and not "${authorityName}"`,
  );
}

function hostName(host: string): JsonGeneralName {
  return /^[\d.]+$|:/.test(host) ? { type: "ip", value: host } : { type: "dns", value: host };
}

function meshOf(certificate: X509Certificate): string {
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  const id = names.find(({ value }) => value.startsWith("spiffe://"));
  if (!id)
    throw new DureError(
      "FAILED_PRECONDITION",
      "the authority's certificate names no mesh; make it with dure certs init",
    );
  return id.value.slice("spiffe://".length);
}

/** 16 random bytes, positive (RFC 5280, section 4.1.2.2: at most 20 bytes). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] as number) & 0x7f;
  return Buffer.from(bytes).toString("hex");
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

async function importKey(pem: Buffer): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}
