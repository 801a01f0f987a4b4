/**
 * The certificates of the edge: which one a client gets, by the name it asks for (SNI, RFC 6066), and new ones in place of the old
 * without a restart. Files are looked at every second, as programs that renew certificates write them when they like; open
 * connections stay, handshakes from then on get what is new. Certificates that cannot be used are told in the log and the old ones stay.
 */
import type { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext, type Server, type TlsOptions } from "node:tls";
import { asError, DureError, every, type Timer, wallTime } from "../kit/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { FileStamps } from "./file-stamps.ts";

/** Paths of PEM files. */
export interface CertificatePaths {
  /** The certificate, and behind it those of the authorities between it and the root. */
  readonly cert: string;
  readonly key: string;
}

interface Loaded {
  readonly certificate: X509Certificate;
  readonly material: { readonly cert: Buffer; readonly key: Buffer };
  readonly context: SecureContext;
}

const lookEveryMs = 1_000;
/** Older versions are deprecated (RFC 8996). */
const minVersion = "TLSv1.2";

/** Loads certificates; the first is for clients that ask for a name that none has. Rejects with FAILED_PRECONDITION naming the file. */
export async function loadEdgeCertificates(
  paths: readonly CertificatePaths[],
  logger: Logger,
): Promise<EdgeCertificates> {
  const certificates = new EdgeCertificates(paths, logger);
  await certificates.load();
  return certificates;
}

export class EdgeCertificates {
  readonly #paths: readonly CertificatePaths[];
  readonly #logger: Logger;
  #server: Server | undefined;
  #timer: Timer | undefined;
  #loaded: readonly Loaded[] = [];
  readonly #files: FileStamps;
  #isLooking = false;

  constructor(paths: readonly CertificatePaths[], logger: Logger) {
    this.#paths = paths;
    this.#logger = logger;
    this.#files = new FileStamps(paths.flatMap(({ cert, key }) => [cert, key]));
  }

  /** What a server is made with. */
  get options(): TlsOptions {
    return {
      ...this.#loaded[0]?.material,
      minVersion,
      SNICallback: (name, done) => done(null, this.#contextFor(name)),
    };
  }

  async load(): Promise<void> {
    this.#loaded = await Promise.all(this.#paths.map(loadPair));
  }

  /** Keeps a server's certificates fresh. */
  keepFresh(server: Server): void {
    this.#server = server;
    this.#timer = every(lookEveryMs, () => void this.#look());
  }

  close(): void {
    this.#timer?.cancel();
  }

  #contextFor(name: string): SecureContext | undefined {
    const fitting = this.#loaded.find(({ certificate }) => certificate.checkHost(name));
    return (fitting ?? this.#loaded[0])?.context;
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    if (await this.#files.haveChanged()) await this.#renew();
    this.#isLooking = false;
  }

  async #renew(): Promise<void> {
    try {
      await this.load();
      this.#server?.setSecureContext({ ...this.#loaded[0]?.material, minVersion });
      this.#logger.info("new certificates are in use at the edge");
    } catch (thrown) {
      // Told once: what is there now is looked at again when it changes.
      this.#logger.error("the new certificates of the edge cannot be used; the old ones stay", {
        reason: asError(thrown).message,
      });
    }
  }
}

async function loadPair({ cert: certPath, key: keyPath }: CertificatePaths): Promise<Loaded> {
  const [cert, key] = await Promise.all([read(certPath), read(keyPath)]);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (thrown) {
    throw refusal(`${certPath} is not a certificate in PEM form: ${asError(thrown).message}`);
  }
  if (Date.parse(certificate.validTo) < wallTime())
    throw refusal(`${certPath} expired on ${certificate.validTo}; renew it`);
  try {
    return {
      certificate,
      material: { cert, key },
      context: createSecureContext({ cert, key, minVersion }),
    };
  } catch (thrown) {
    throw refusal(`${keyPath} is not the key of ${certPath}: ${asError(thrown).message}`);
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw refusal(`gateway.tls: ${path} cannot be read (${asError(thrown).message})`);
  }
}

function refusal(message: string): DureError {
  return new DureError("FAILED_PRECONDITION", message);
}
