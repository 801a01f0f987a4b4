import type { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { DureError } from "../kit/index.ts";
import { FieldReader } from "./core/fields.ts";
import { fieldTag, frameFlag, frameType } from "./core/frame.ts";
import type { FrameView } from "./core/frame-reader.ts";
import type { FrameWriter } from "./core/frame-writer.ts";
import type { PeerIdentity } from "./types.ts";

/** The versions of the protocol that this code speaks. */
const protocolVersions = { min: 1, max: 1 } as const;
const nonceBytes = 16;

/** What a HELLO says. */
export interface Hello {
  readonly versionMin: number;
  readonly versionMax: number;
  readonly features: number;
  readonly identity: PeerIdentity;
  /** The node the dialler means to reach: an address may have passed on to another process. */
  readonly expectNodeId: string | undefined;
  readonly nonce: Buffer;
  /** The listener's proof that it knows the token; absent in a dialler's HELLO. */
  readonly proof: Buffer | undefined;
}

/** A fresh challenge. */
export function newNonce(): Buffer {
  return randomBytes(nonceBytes);
}

/**
 * What one side shows to prove that it knows the token, which itself never crosses the wire: HMAC-SHA-256 (RFC 2104) over
 * its role, both challenges and who it says it is. The role keeps a proof from being reflected.
 */
export function proofOf(
  token: string,
  role: "dialler" | "listener",
  nonces: [Buffer, Buffer],
  identity: PeerIdentity,
): Buffer {
  const { mesh, nodeId, name, incarnation } = identity;
  return createHmac("sha256", token)
    .update(JSON.stringify([role, mesh, nodeId, name, incarnation]))
    .update(nonces[0])
    .update(nonces[1])
    .digest();
}

/** Compares two proofs without telling by its duration where they differ. */
export function isSameProof(expected: Buffer, given: Buffer | undefined): boolean {
  return (
    given !== undefined && given.length === expected.length && timingSafeEqual(given, expected)
  );
}

/** Writes a HELLO. */
export function writeHello(
  writer: FrameWriter,
  hello: Omit<Hello, "versionMin" | "versionMax" | "features">,
): void {
  writer.begin(frameType.HELLO, frameFlag.MUST_UNDERSTAND, 0);
  writer.u32(fieldTag.VERSION_MIN, protocolVersions.min);
  writer.u32(fieldTag.VERSION_MAX, protocolVersions.max);
  writer.u32(fieldTag.FEATURES, 0);
  writer.text(fieldTag.MESH, hello.identity.mesh);
  writer.text(fieldTag.NODE_ID, hello.identity.nodeId);
  writer.text(fieldTag.NODE_NAME, hello.identity.name);
  writer.text(fieldTag.INCARNATION, String(hello.identity.incarnation));
  if (hello.expectNodeId) writer.text(fieldTag.EXPECT_NODE, hello.expectNodeId);
  writer.bytes(fieldTag.NONCE, hello.nonce);
  if (hello.proof) writer.bytes(fieldTag.PROOF, hello.proof);
  writer.end("");
}

/** Reads a HELLO; refuses one that lacks what the handshake needs. */
export function readHello(frame: FrameView): Hello {
  const texts = new Map<number, string>();
  let versionMin = 0;
  let versionMax = 0;
  let features = 0;
  let nonce: Buffer | undefined;
  let proof: Buffer | undefined;
  const fields = new FieldReader(frame);
  while (fields.next()) {
    if (fields.tag === fieldTag.VERSION_MIN) versionMin = fields.u32();
    else if (fields.tag === fieldTag.VERSION_MAX) versionMax = fields.u32();
    else if (fields.tag === fieldTag.FEATURES) features = fields.u32();
    else if (fields.tag === fieldTag.NONCE) nonce = fields.bytes();
    else if (fields.tag === fieldTag.PROOF) proof = fields.bytes();
    else texts.set(fields.tag, fields.text());
  }
  if (nonce?.length !== nonceBytes) {
    throw new DureError("INVALID_ARGUMENT", `a HELLO needs a nonce of ${nonceBytes} bytes`);
  }
  const identity: PeerIdentity = {
    mesh: texts.get(fieldTag.MESH) ?? "",
    nodeId: texts.get(fieldTag.NODE_ID) ?? "",
    name: texts.get(fieldTag.NODE_NAME) ?? "",
    incarnation: Number(texts.get(fieldTag.INCARNATION) ?? 0),
  };
  const expectNodeId = texts.get(fieldTag.EXPECT_NODE);
  return { versionMin, versionMax, features, identity, expectNodeId, nonce, proof };
}

/** Why two HELLOs do not fit together; undefined where they do. */
export function mismatch(own: PeerIdentity, theirs: Hello): DureError | undefined {
  if (theirs.versionMin > protocolVersions.max || theirs.versionMax < protocolVersions.min) {
    return new DureError(
      "FAILED_PRECONDITION",
      `the peer speaks protocol versions ${theirs.versionMin} to ${theirs.versionMax}, this node ${protocolVersions.min} to ${protocolVersions.max}; upgrade the older one`,
    );
  }
  if (theirs.identity.mesh !== own.mesh) {
    return new DureError(
      "PERMISSION_DENIED",
      `the peer belongs to the mesh "${theirs.identity.mesh}", this node to "${own.mesh}"; check the name in dure.config.ts and the address`,
    );
  }
  if (theirs.expectNodeId && theirs.expectNodeId !== own.nodeId) {
    return new DureError(
      "NOT_FOUND",
      `the dialler looks for node ${theirs.expectNodeId}; this address now belongs to ${own.nodeId}`,
    );
  }
  return undefined;
}

/** Why a peer is not who it says, where its transport has proved names; undefined where nothing speaks against it. */
export function impostor(
  { identity }: Hello,
  provenNames: readonly string[] | undefined,
  expectedName = identity.name,
): DureError | undefined {
  if (!provenNames) return undefined;
  const { name } = identity;
  if (provenNames.includes(name) && name === expectedName) return undefined;
  const proven = provenNames.join(", ") || "no name of a mesh";
  return new DureError(
    "UNAUTHENTICATED",
    `the peer calls itself "${name}", "${expectedName}" was expected, and its certificate is for ${proven}; issue one with dure certs issue`,
  );
}
