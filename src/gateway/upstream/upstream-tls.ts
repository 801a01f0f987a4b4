/** TLS to upstreams: whom a server must be, and what is said when it is not. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { type ConnectionOptions, createSecureContext, type SecureContext } from "node:tls";
import { asError, DureError, every, type Timer } from "../../kit/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { FileStamps } from "../file-stamps.ts";

/** How the `https://` servers of a route prove who they are, and how the gateway does. */
export interface UpstreamTlsOptions {
  /** PEM file of the authorities that may have signed their certificates. Default: those that Node knows. */
  readonly ca?: string;
  /** The name that their certificates must have, and that they are asked for (SNI). Default: the host of the URL. */
  readonly serverName?: string;
  /** PEM file of the gateway's own certificate, for servers that ask for one; with its `key`. */
  readonly cert?: string;
  readonly key?: string;
}

/** The protocol versions before it are deprecated (RFC 8996). */
const minVersion = "TLSv1.2";

const lookEveryMs = 1_000;

/**
 * What connections to a route's servers are made with. Its files are looked at every second: new connections are made with what is new, open ones
 * stay; what cannot be used is told in the log, and what was there before goes on.
 */
export class UpstreamTls {
  readonly #options: UpstreamTlsOptions;
  readonly #logger: Logger;
  readonly #files: FileStamps;
  readonly #timer: Timer | undefined;
  #secureContext: SecureContext;

  /** Throws FAILED_PRECONDITION naming a file that cannot be used. */
  constructor(options: UpstreamTlsOptions, logger: Logger) {
    const paths = pathsOf(options);
    this.#options = options;
    this.#logger = logger;
    this.#files = new FileStamps(paths);
    this.#secureContext = contextOf(options);
    if (paths.length > 0) this.#timer = every(lookEveryMs, () => void this.#look());
  }

  /** Options of the next connection to a host. */
  optionsFor(host: string): ConnectionOptions {
    const { serverName } = this.#options;
    return {
      secureContext: this.#secureContext,
      // HTTP/1.1 is what is spoken; an address is no name to ask for (RFC 6066, section 3).
      ALPNProtocols: ["http/1.1"],
      ...(serverName !== undefined || isIP(host) === 0 ? { servername: serverName ?? host } : {}),
    };
  }

  close(): void {
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    if (!(await this.#files.haveChanged())) return;
    const files = pathsOf(this.#options).join(", ");
    try {
      this.#secureContext = contextOf(this.#options);
      this.#logger.info("new TLS files of a route are in use", { files });
    } catch (thrown) {
      this.#logger.error("the new TLS files of a route cannot be used; the old ones go on", {
        files,
        reason: asError(thrown).message,
      });
    }
  }
}

function pathsOf({ ca, cert, key }: UpstreamTlsOptions): string[] {
  return [ca, cert, key].filter((path) => path !== undefined);
}

function contextOf(tls: UpstreamTlsOptions): SecureContext {
  const { ca, cert, key } = tls;
  try {
    return createSecureContext({
      minVersion,
      ...(ca === undefined ? {} : { ca: read(ca) }),
      ...(cert === undefined ? {} : { cert: read(cert) }),
      ...(key === undefined ? {} : { key: read(key) }),
    });
  } catch (thrown) {
    if (thrown instanceof DureError) throw thrown;
    throw refusal(`${pathsOf(tls).join(", ")} cannot be used for TLS: ${asError(thrown).message}`);
  }
}

/** Why there is no connection, for the log: what is wrong with the certificate, and what to do. */
export function dialFailure({ message, code }: NodeJS.ErrnoException): string {
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired; it must be renewed there";
  if (code === "CERT_NOT_YET_VALID") return "its certificate is not valid yet; compare the clocks";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `its certificate is for another name; say which one in tls.serverName (${message})`;
  if (code && unknownAuthority.has(code))
    return `the authority that signed its certificate is not known here; name it in tls.ca (${code})`;
  return `no connection: ${message}`;
}

/** Verification errors of OpenSSL that mean it. */
const unknownAuthority = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw refusal(`tls of a route: ${path} cannot be read (${asError(thrown).message})`);
  }
}

function refusal(message: string): DureError {
  return new DureError("FAILED_PRECONDITION", message);
}
