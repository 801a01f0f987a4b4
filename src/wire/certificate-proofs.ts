/**
 * What one member of a mesh says and every other one can check, without having heard it from it: a text signed with the key of its
 * certificate. For what travels further than the link that proved who its sender is.
 */
import { createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import { namesIn } from "./core/certificate-names.ts";

/** A certificate of this mesh. */
export interface MemberCertificate {
  /** Short, and of no other certificate: the beginning of its SHA-256, in base64url. */
  readonly id: string;
  /** The names that it gives its holder. */
  readonly names: readonly string[];
  /** When it ends, in ms since 1970. */
  readonly expiresAt: number;
  /** Whether its holder signed the text. */
  hasSigned(text: string, signature: string): boolean;
}

/** Signs as a member, and reads the certificates of others. */
export interface CertificateProofs {
  /** This process's certificate: DER in base64. */
  readonly certificate: string;
  /** @see MemberCertificate.id */
  readonly id: string;
  /** In base64url. */
  sign(text: string): string;
  /** A certificate (DER in base64) that the mesh's authority signed; undefined for any other. Whether it has expired is the caller's to look at. */
  read(certificate: string): MemberCertificate | undefined;
}

/** A certificate's id in characters: 132 bits, so that nobody makes two certificates of one id. */
const idLength = 22;

/** Proofs with a key pair, among the members of an authority. All PEM, all checked to belong together. */
export function certificateProofs(ca: Buffer, cert: Buffer, key: Buffer): CertificateProofs {
  const authority = new X509Certificate(ca);
  const own = new X509Certificate(cert);
  const privateKey = createPrivateKey(key);
  return {
    certificate: own.raw.toString("base64"),
    id: idOf(own),
    sign: (text) =>
      sign(digestOf(privateKey.asymmetricKeyType), Buffer.from(text), privateKey).toString(
        "base64url",
      ),
    read(certificate) {
      try {
        const read = new X509Certificate(Buffer.from(certificate, "base64"));
        return read.verify(authority.publicKey) ? memberOf(read) : undefined;
      } catch {
        // Whatever else it is, it is no certificate.
        return undefined;
      }
    },
  };
}

function memberOf(certificate: X509Certificate): MemberCertificate {
  const { publicKey } = certificate;
  return {
    id: idOf(certificate),
    names: namesIn(certificate.subjectAltName ?? ""),
    expiresAt: Date.parse(certificate.validTo),
    hasSigned: (text, signature) =>
      verify(
        digestOf(publicKey.asymmetricKeyType),
        Buffer.from(text),
        publicKey,
        Buffer.from(signature, "base64url"),
      ),
  };
}

function idOf({ fingerprint256 }: X509Certificate): string {
  const bytes = Buffer.from(fingerprint256.replaceAll(":", ""), "hex");
  return bytes.toString("base64url").slice(0, idLength);
}

/** Ed25519 has its digest built in (RFC 8032). */
function digestOf(kind: string | undefined): string | null {
  return kind === "ed25519" ? null : "sha256";
}
