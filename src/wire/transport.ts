import type { Buffer } from "node:buffer";
import type { CertificateProofs } from "./certificate-proofs.ts";

/** Where to listen or to dial. */
export interface Address {
  readonly host: string;
  /** 0 when listening: any free port. */
  readonly port: number;
}

/** Who reads from a socket. */
export interface SocketReader {
  onData(chunk: Buffer): void;
  /** Called once, when nothing more will come; `error` where it was not a clean end. */
  onClose(error: Error | undefined): void;
  /** What was written has left; called after a `write` that returned false. */
  onDrain(): void;
}

/** A two-way stream of bytes. */
export interface ByteSocket {
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** The names that the peer has proved to hold, where the transport checks any. */
  readonly peerNames?: readonly string[] | undefined;
  /** Bytes written and not yet taken by the system. */
  readonly writableLength: number;
  /** Starts reading, or hands reading over to another; `first` are bytes that the former reader had taken. */
  start(reader: SocketReader, first?: Buffer): void;
  /** False when the caller should wait for `onDrain`. The bytes must not change afterwards. */
  write(bytes: Uint8Array): boolean;
  /** Sends what was written, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** A listening port. */
export interface Listener {
  readonly address: Address;
  /** Stops accepting; open sockets stay. */
  close(): Promise<void>;
}

/** Dials and listens. All sockets of the library go through one. */
export interface Transport {
  /** Whether both sides prove who they are before a byte passes. */
  readonly isAuthenticating?: boolean;
  /** By which a member's word can be checked by others; another object when its certificate has been renewed. */
  readonly proofs?: CertificateProofs | undefined;
  listen(address: Address, onSocket: (socket: ByteSocket) => void): Promise<Listener>;
  /** Rejects when nobody answers within `timeoutMs`. */
  connect(address: Address, timeoutMs: number): Promise<ByteSocket>;
}
