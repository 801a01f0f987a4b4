import type { Buffer } from "node:buffer";
import { DureError } from "../kit/index.ts";
import { readGoAway } from "./core/control-frames.ts";
import { fieldTag, frameFlag, frameType } from "./core/frame.ts";
import type { FrameView } from "./core/frame-reader.ts";
import {
  type Hello,
  impostor,
  isSameProof,
  mismatch,
  newNonce,
  proofOf,
  readHello,
  writeHello,
} from "./handshake.ts";
import type { Link } from "./link.ts";
import type { PeerIdentity } from "./types.ts";

/** What a dialler knows before it dials. */
export interface DiallerIdentity {
  readonly identity: PeerIdentity;
  /** Refuse to talk to any other node at this address. */
  readonly expectNodeId?: string | undefined;
  /** Refuse to talk to a node that has another name, where names are proved. */
  readonly expectName?: string | undefined;
  /** The shared secret of the mesh; it never crosses the wire. */
  readonly token?: string | undefined;
}

/** The dialler's side of the handshake: HELLO out, HELLO in, AUTH out, AUTH in (docs/protocol.md). */
export class DiallerHandshake {
  readonly #link: Link;
  readonly #dialler: DiallerIdentity;
  readonly #nonce = newNonce();
  #peer: PeerIdentity | undefined;

  constructor(link: Link, dialler: DiallerIdentity) {
    this.#link = link;
    this.#dialler = dialler;
  }

  begin(): void {
    const { identity, expectNodeId } = this.#dialler;
    const hello = { identity, expectNodeId, nonce: this.#nonce, proof: undefined };
    writeHello(this.#link.writer, hello);
    this.#link.flushNow();
  }

  /** Who answered, once all frames of the handshake have come. What breaks it closes the link. */
  onFrame(frame: FrameView): PeerIdentity | undefined {
    if (frame.type === frameType.GOAWAY) {
      const { code, reason } = readGoAway(frame);
      this.#link.destroy(new DureError(code, reason, { sent: "no" }));
    } else if (frame.type === frameType.HELLO && !this.#peer) {
      this.#onHello(readHello(frame));
    } else if (frame.type === frameType.AUTH && this.#peer) {
      this.#link.authenticated();
      return this.#peer;
    } else {
      this.#refuse("INVALID_ARGUMENT", `frame type ${frame.type} before the handshake is over`);
    }
    return undefined;
  }

  #onHello(hello: Hello): void {
    const { identity, expectNodeId, expectName, token } = this.#dialler;
    const refusal =
      mismatch(identity, hello) ?? impostor(hello, this.#link.socket.peerNames, expectName);
    if (refusal) return this.#refuse(refusal.code, refusal.message);
    const { nodeId } = hello.identity;
    if (expectNodeId && nodeId !== expectNodeId)
      return this.#refuse("NOT_FOUND", `looked for node ${expectNodeId}; ${nodeId} lives here now`);
    const nonces: [Buffer, Buffer] = [this.#nonce, hello.nonce];
    if (token && !isSameProof(proofOf(token, "listener", nonces, hello.identity), hello.proof)) {
      const why = "the listener does not know this mesh's token; check DURE_TOKEN on both sides";
      return this.#refuse("UNAUTHENTICATED", why);
    }
    this.#peer = hello.identity;
    const { writer } = this.#link;
    writer.begin(frameType.AUTH, frameFlag.MUST_UNDERSTAND, 0);
    if (token) writer.bytes(fieldTag.PROOF, proofOf(token, "dialler", nonces, identity));
    writer.end("");
    this.#link.flushNow();
  }

  #refuse(code: string, reason: string): void {
    this.#link.goAway(code, reason);
  }
}
