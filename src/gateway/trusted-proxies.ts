/**
 * Who asks, where proxies stand before the gateway. Nothing that a request says of itself is believed but from the configured
 * addresses: the client is the last hop that is not one of them, read from the nearest hop outwards, so that what a client wrote
 * into the header itself is never reached.
 */
import { BlockList, isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { DureError } from "../kit/index.ts";
import { readForwarded, readForwardedFor } from "./core/forwarded.ts";

/** Who asks. */
export interface Client {
  readonly address: string;
  /** How the client reached the edge. */
  readonly scheme: "http" | "https";
}

type HeaderReader = (name: string) => string | undefined;

/** Finds the client of a request by its headers, or says why they cannot be believed. */
export type ClientReader = (header: HeaderReader) => Client | { readonly refusal: string };

export class TrustedProxies {
  readonly #list = new BlockList();

  /**
   * @param ranges addresses and networks, as `10.0.0.0/8`. Throws INVALID_ARGUMENT for anything else.
   * @param setting what they are set by, for that message.
   */
  constructor(ranges: readonly string[], setting = "gateway.trustedProxies") {
    for (const range of ranges) this.#add(range, setting);
  }

  /** How the clients of one connection are found: whether its other end is trusted is looked up once. */
  readerFor(socket: Socket): ClientReader {
    const scheme = socket instanceof TLSSocket ? "https" : "http";
    const peer: Client = { address: plainAddress(socket.remoteAddress ?? ""), scheme };
    return this.#trusts(peer.address) ? (header) => this.#clientOf(peer, header) : () => peer;
  }

  /** Whether whoever is at the other end of a connection may say for whom it asks. */
  isProxy({ remoteAddress = "" }: Socket): boolean {
    return this.#trusts(plainAddress(remoteAddress));
  }

  #trusts(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? "ipv4" : "ipv6");
  }

  #clientOf(peer: Client, header: HeaderReader): ReturnType<ClientReader> {
    const listed = header("x-forwarded-for");
    const forwarded = header("forwarded");
    const byList = listed === undefined ? undefined : readForwardedFor(listed);
    const hops = forwarded === undefined ? undefined : readForwarded(forwarded);
    if (forwarded !== undefined && !hops) return { refusal: "the Forwarded header is malformed" };
    const addresses = hops?.map(({ address }) => address);
    const at = this.#clientIndex(addresses ?? byList ?? []);
    const address = (addresses ?? byList)?.[at] ?? peer.address;
    // A proxy that writes one of them passes the other on as the client wrote it.
    if (addresses && byList && byList[this.#clientIndex(byList)] !== address)
      return { refusal: "Forwarded and X-Forwarded-For name different clients" };
    const said = hops?.[at]?.scheme ?? header("x-forwarded-proto")?.split(",").at(-1)?.trim();
    const scheme = said === "http" || said === "https" ? said : peer.scheme;
    return { address, scheme };
  }

  /** The index of the client among the hops; -1 if they name none. */
  #clientIndex(hops: readonly string[]): number {
    let found = -1;
    for (let at = hops.length - 1; at >= 0; at -= 1) {
      const hop = hops[at] as string;
      // `unknown`, or a name: whoever is behind it, this is as far as can be known.
      if (isIP(hop) === 0) break;
      found = at;
      if (!this.#trusts(hop)) break;
    }
    return found;
  }

  #add(range: string, setting: string): void {
    const [address = "", bits, ...more] = range.split("/");
    const version = isIP(address);
    const widest = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (version === 0 || prefix < 0 || prefix > widest || more.length > 0) {
      throw new DureError(
        "INVALID_ARGUMENT",
        `${setting}: "${range}" is neither an address nor a network; write it as "10.0.0.7" or "10.0.0.0/8"`,
      );
    }
    this.#list.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
  }
}

/** An IPv4 client of a socket that listens on both versions, as IPv4. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
