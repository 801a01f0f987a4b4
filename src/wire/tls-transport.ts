/**
 * TCP under mutual TLS: both sides show a certificate of the mesh's own authority, and the names in it are the only ones they may
 * give themselves in HELLO. Certificates are looked at again every second; a changed one is used for all links from then on, and
 * those that are open stay.
 */
import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import {
  createSecureContext,
  createServer,
  connect as dial,
  type SecureContext,
  type Server,
  type TLSSocket,
} from "node:tls";
import { after, asError, DureError, every, type Timer, wallTime } from "../kit/index.ts";
import { type Logger, silentLogger } from "../telemetry/index.ts";
import { type CertificateProofs, certificateProofs } from "./certificate-proofs.ts";
import { namesIn } from "./core/certificate-names.ts";
import { listenError, wrapTcp } from "./tcp-transport.ts";
import type { Address, ByteSocket, Listener, Transport } from "./transport.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  /** The authority's certificate: whoever shows one that it signed is of this mesh. */
  readonly ca: string;
  /** This process's certificate and private key. */
  readonly cert: string;
  readonly key: string;
}

/** A transport that keeps its certificates fresh. */
export interface TlsTransport extends Transport {
  /** The names in this process's certificate. */
  readonly names: readonly string[];
  /** Stops looking for new certificates. */
  close(): void;
}

const lookEveryMs = 1_000;
/** A handshake, which comes before anything is known of the peer. */
const handshakeMsMax = 5_000;

/**
 * Loads the certificates. Rejects with FAILED_PRECONDITION naming the file that is missing, broken, expired, or does not belong to
 * the others.
 */
export async function createTlsTransport(
  files: TlsFiles,
  logger: Logger = silentLogger,
): Promise<TlsTransport> {
  const transport = new FreshTls(files, logger);
  await transport.load();
  return transport;
}

class FreshTls implements TlsTransport {
  readonly isAuthenticating = true;
  names: readonly string[] = [];
  proofs: CertificateProofs | undefined;
  readonly #files: TlsFiles;
  readonly #logger: Logger;
  readonly #servers = new Set<Server>();
  readonly #timer: Timer;
  #material: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer } | undefined;
  #context: SecureContext | undefined;
  #stamp = "";

  constructor(files: TlsFiles, logger: Logger) {
    this.#files = files;
    this.#logger = logger;
    this.#timer = every(lookEveryMs, () => void this.#refresh());
  }

  close(): void {
    this.#timer.cancel();
  }

  async load(): Promise<void> {
    this.#stamp = await this.#readStamp();
    const [ca, cert, key] = await Promise.all([
      this.#read(this.#files.ca),
      this.#read(this.#files.cert),
      this.#read(this.#files.key),
    ]);
    const own = this.#check(ca, cert, key);
    this.#material = { ca, cert, key };
    this.#context = createSecureContext({ ca, cert, key, minVersion: "TLSv1.3" });
    this.names = namesIn(own.subjectAltName ?? "");
    this.proofs = certificateProofs(ca, cert, key);
  }

  listen(address: Address, onSocket: (socket: ByteSocket) => void): Promise<Listener> {
    return new Promise((resolve, reject) => {
      let isClosing = false;
      const server = createServer(
        {
          ...this.#material,
          minVersion: "TLSv1.3",
          requestCert: true,
          rejectUnauthorized: true,
          handshakeTimeout: handshakeMsMax,
        },
        (socket) => {
          // Its handshake was under way when the listener closed: nobody would ever end it.
          if (isClosing) socket.destroy();
          else onSocket(wrapTls(socket));
        },
      );
      server.on("connection", (socket) => socket.setNoDelay(true));
      server.on("tlsClientError", (error, socket) => {
        // Node leaves it open.
        socket.destroy();
        this.#logger.warn("a connection without a certificate of this mesh was refused", {
          reason: error.message,
        });
      });
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
      server.listen({ host: address.host, port: address.port }, () => {
        this.#servers.add(server);
        const bound = server.address();
        const port = typeof bound === "object" && bound ? bound.port : address.port;
        resolve({
          address: { host: address.host, port },
          close: () => {
            this.#servers.delete(server);
            isClosing = true;
            return new Promise((closed) => server.close(() => closed()));
          },
        });
      });
    });
  }

  connect(address: Address, timeoutMs: number): Promise<ByteSocket> {
    return new Promise((resolve, reject) => {
      const socket = dial({
        host: address.host,
        port: address.port,
        secureContext: this.#context,
        // Nodes move between addresses: who answers is told by the names in its certificate, not by where it lives.
        checkServerIdentity: () => undefined,
      });
      socket.setNoDelay(true);
      const fail = (why: string) => {
        timer.cancel();
        socket.destroy();
        const where = `${address.host}:${address.port}`;
        reject(new DureError("UNAVAILABLE", `cannot connect to ${where}: ${why}`, { sent: "no" }));
      };
      const timer = after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
      const onError = (error: Error) => fail(reasonOf(error, this.#files));
      socket.once("error", onError);
      socket.once("secureConnect", () => {
        timer.cancel();
        socket.off("error", onError);
        resolve(wrapTls(socket));
      });
    });
  }

  /** What would make every handshake fail is told here, once, by the file's name. */
  #check(ca: Buffer, cert: Buffer, key: Buffer): X509Certificate {
    const { ca: caPath, cert: certPath, key: keyPath } = this.#files;
    const authority = parse(ca, caPath);
    const own = parse(cert, certPath);
    if (!own.verify(authority.publicKey))
      throw refusal(`${certPath} was not signed by the authority in ${caPath}; issue it again`);
    if (Date.parse(own.validTo) < wallTime())
      throw refusal(`${certPath} expired on ${own.validTo}; run dure certs renew`);
    try {
      createSecureContext({ cert, key });
    } catch (thrown) {
      throw refusal(`${keyPath} is not the key of ${certPath}: ${asError(thrown).message}`);
    }
    return own;
  }

  async #read(path: string): Promise<Buffer> {
    try {
      return await readFile(path);
    } catch (thrown) {
      const remedy = "make it with dure certs, or set security.certs";
      throw refusal(`${path} cannot be read (${asError(thrown).message}); ${remedy}`);
    }
  }

  async #readStamp(): Promise<string> {
    const { ca, cert, key } = this.#files;
    const stats = await Promise.all(
      [ca, cert, key].map((path) => stat(path).catch(() => undefined)),
    );
    return stats.map((file) => `${file?.mtimeMs}/${file?.size}`).join();
  }

  async #refresh(): Promise<void> {
    const stamp = await this.#readStamp();
    if (stamp === this.#stamp || this.#stamp === "") return;
    try {
      await this.load();
      for (const server of this.#servers)
        server.setSecureContext({ ...this.#material, minVersion: "TLSv1.3" });
      this.#logger.info("new certificates are in use", { cert: this.#files.cert });
    } catch (thrown) {
      this.#stamp = stamp;
      this.#logger.error("the new certificates cannot be used; the old ones stay", {
        reason: asError(thrown).message,
      });
    }
  }
}

function wrapTls(socket: TLSSocket): ByteSocket {
  const certificate = socket.getPeerX509Certificate();
  return Object.assign(wrapTcp(socket), {
    peerNames: namesIn(certificate?.subjectAltName ?? ""),
  });
}

function parse(pem: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (thrown) {
    throw refusal(`${path} is not a certificate in PEM form: ${asError(thrown).message}`);
  }
}

function refusal(message: string): DureError {
  return new DureError("FAILED_PRECONDITION", message);
}

/** OpenSSL's words, with what to do about them. */
function reasonOf(error: Error, { ca }: TlsFiles): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired; run dure certs renew there";
  if (code?.startsWith("UNABLE_TO_VERIFY") || code?.includes("SELF_SIGNED"))
    return `its certificate was not signed by the authority in ${ca}`;
  return error.message;
}
