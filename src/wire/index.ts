/**
 * wire: frames over a byte stream, and links that carry many calls at once. Knows operations by name, not by meaning: bodies
 * are bytes here. `Client` and `Server` are the base of the Distributor and of every node. Specified in docs/protocol.md.
 */
export {
  type CallObserver,
  type IncomingStream,
  type Outcome,
  type PendingCall,
  SettledOnce,
} from "./calls.ts";
export type { CertificateProofs, MemberCertificate } from "./certificate-proofs.ts";
export { Client, type ClientOptions, type ClientState } from "./client.ts";
export type { ResponseExtra } from "./core/head.ts";
export type { IncomingRequest, OutgoingStream, Peer } from "./incoming.ts";
export { IncomingMessages, StreamFailure } from "./incoming-messages.ts";
export type { WireLimits } from "./limits.ts";
export { createMemoryNetwork, type MemoryNetwork } from "./memory-transport.ts";
export { Server, type ServerOptions } from "./server.ts";
export { tcpTransport } from "./tcp-transport.ts";
export { createTlsTransport, type TlsFiles, type TlsTransport } from "./tls-transport.ts";
export type { Address, ByteSocket, Listener, SocketReader, Transport } from "./transport.ts";
export type {
  Body,
  CallFailure,
  OperationRef,
  PeerIdentity,
  RequestHead,
  Response,
  WireFailure,
} from "./types.ts";
