import { Buffer } from "node:buffer";
import type { JSONWebKeySet } from "jose";
import { after, DureError } from "../../kit/index.ts";
import type { MeshNode } from "../../mesh/index.ts";
import type { IssuerOptions } from "../options.ts";
import type { FetchKeys } from "./issuer-keys.ts";

/** The longest that keys are waited for, in ms: requests wait with them. */
const fetchMsMax = 2_000;
/** Largest key set, in bytes. */
const setBytesMax = 256 * 1024;

/** Where an issuer's keys come from. */
export function keySource(jwks: IssuerOptions["jwks"], node: MeshNode): FetchKeys {
  return "url" in jwks ? () => fetchByUrl(jwks.url) : () => fetchFromMesh(node, jwks.operation);
}

/** Redirects are not followed: the configuration says where keys are, and nobody else. */
async function fetchByUrl(url: string): Promise<JSONWebKeySet> {
  const controller = new AbortController();
  const timer = after(fetchMsMax, () => controller.abort(new Error("no answer in time")));
  try {
    const { signal } = controller;
    const headers = { accept: "application/jwk-set+json, application/json" };
    const response = await fetch(url, { signal, headers, redirect: "manual" });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new DureError("UNAVAILABLE", `${url} answered with status ${response.status}, not 200`);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > setBytesMax) {
        const message = `${url} answered with more than ${setBytesMax} bytes`;
        throw new DureError("RESOURCE_EXHAUSTED", message);
      }
      chunks.push(chunk);
    }
    return parse(Buffer.concat(chunks));
  } finally {
    timer.cancel();
  }
}

async function fetchFromMesh(node: MeshNode, name: string): Promise<JSONWebKeySet> {
  const [service = "", operation = ""] = name.split(".");
  const result = await node.call({
    ref: { service, operation, contractHash: "" },
    body: "",
    isIdempotent: true,
    head: { deadlineMs: fetchMsMax },
  }).outcome;
  if (result.ok) return parse(Buffer.from(result.response.body));
  throw new DureError("UNAVAILABLE", `${name}: ${result.failure.message}`);
}

function parse(json: Buffer): JSONWebKeySet {
  return JSON.parse(json.toString());
}
