/**
 * Whether a principal was made up on its way: whoever verified the credentials signs what came of it with its certificate's key, every node
 * that handles a call looks at that, and only certificates with certain names count.
 *
 * ```
 *   {"subject":"7","scopes":["orders:read"],"proof":"<certificate's id>.<made at, s>.<signature>"}
 *    '------------- signed, with the mesh and the time ------------'
 * ```
 * Certificates travel in the records of the nodes that sign. The registry need not be trusted for that: each was signed by the mesh's authority.
 * Invariants: (P1) without certificates nothing can be proved, so nothing is asked; (P2) what was checked once is not checked again while it is
 * remembered; (P3) a proof by a certificate that is not known yet is waited for, not refused, within bounds.
 */
import { afterInBackground, LruMap, wallTime } from "../kit/index.ts";
import type { Registry } from "../registry/index.ts";
import type {
  CertificateProofs,
  MemberCertificate,
  Transport,
  WireFailure,
} from "../wire/index.ts";
import type { NodeOptions } from "./options.ts";

/** Who may say for whom calls are made, where nothing else is configured: the gateway, as the dure command names it. */
const defaultSigners = ["gateway"];
/** A proof holds for so long: events and retries carry principals for a while. */
const proofMsMax = 24 * 3_600_000;
/** Clocks of two machines differ. */
const clockMsMax = 5 * 60_000;
/** A principal is signed anew after so long. */
const renewMs = 5 * 60_000;
/** Principals that are remembered as signed, and proofs as checked. */
const rememberedMax = 10_000;
/** A new certificate is told to all before it signs. */
const tellMs = 5_000;
/** The certificate, and the one before it. */
const toldMax = 2;
/** A request waits this long for a certificate, and so many requests at once. */
const waitMs = 1_000;
const waitersMax = 1_000;

const proofPattern = /,"proof":"([\w-]{22})\.(\d{1,12})\.([\w-]{1,1000})"\}$/;

/** What a principal's proof came to: a failure, a certificate that is not known, or nothing wrong. */
export type ProofJudgement = WireFailure | "unknown" | undefined;

export class PrincipalProofs {
  readonly #mesh: string;
  readonly #registry: Registry;
  readonly #transport: Transport | undefined;
  readonly #signers: readonly string[];
  readonly #signed = new LruMap<string, { readonly text: string; readonly until: number }>(
    rememberedMax,
  );
  readonly #checked = new LruMap<string, number>(rememberedMax);
  /** Of those who may sign, by id; those that are gone too, since what they signed is still on its way. */
  readonly #certificates = new LruMap<string, MemberCertificate>(100);
  readonly #waiters = new Set<() => void>();
  readonly #stopListening: () => void;
  #isFresh = false;
  #current: CertificateProofs | undefined;
  #next: CertificateProofs | undefined;
  #nextAt = 0;

  /** Without certificates in the transport nothing is proved. */
  constructor(
    mesh: string,
    registry: Registry,
    { principals, transport }: Pick<NodeOptions, "principals" | "transport">,
  ) {
    this.#mesh = mesh;
    this.#registry = registry;
    this.#transport = transport;
    this.#signers = principals ?? defaultSigners;
    this.#stopListening = registry.onChange(() => {
      this.#isFresh = false;
      for (const wake of [...this.#waiters]) wake();
    });
  }

  close(): void {
    this.#stopListening();
  }

  /** Tells all nodes by which certificate this one signs. Later changes are told when they are seen. */
  announce(): void {
    this.#signer();
  }

  /** The principal (JSON) with a proof, as it may travel; the same text where nothing can be proved. */
  sign(principal: string): string {
    const signer = this.#signer();
    if (!signer) return principal;
    const time = wallTime();
    const known = this.#signed.get(principal);
    if (known && time < known.until) return known.text;
    const { proof: _, ...bare } = JSON.parse(principal);
    const told = JSON.stringify(bare);
    const madeAt = Math.floor(time / 1_000);
    const proof = `${signer.id}.${madeAt}.${signer.sign(this.#statement(told, madeAt))}`;
    const text = `${told.slice(0, -1)},"proof":"${proof}"}`;
    this.#signed.set(principal, { text, until: time + renewMs });
    return text;
  }

  /** Whether somebody who may has said that calls are made for this principal. `isOld`: a proof's age does not count. */
  judge(principal: string, isOld = false): ProofJudgement {
    const proofs = this.#transport?.proofs;
    // (P1)
    if (!proofs) return undefined;
    const time = wallTime();
    // (P2)
    if ((this.#checked.get(principal) ?? 0) > time) return undefined;
    const [suffix, id = "", madeAt = "", signature = ""] = proofPattern.exec(principal) ?? [];
    if (suffix === undefined) return refusal("has no proof");
    const age = time - Number(madeAt) * 1_000;
    if (age < -clockMsMax || (age > proofMsMax && !isOld))
      return refusal("has a proof that is too old");
    const certificate = this.#certificate(id, proofs);
    if (!certificate) return "unknown";
    if (certificate.expiresAt < time - clockMsMax && !isOld)
      return refusal("was signed by a certificate that has expired");
    if (!certificate.names.some((name) => this.#signers.includes(name))) {
      const [own = ""] = certificate.names;
      return refusal(
        `was signed by ${certificate.names.join(", ")}, and only ${this.#signers.join(", ")} may; add "${own}" to security.principals to let it`,
      );
    }
    const told = `${principal.slice(0, -suffix.length)}}`;
    if (!certificate.hasSigned(this.#statement(told, Number(madeAt)), signature))
      return refusal("is not what was signed");
    const until = Math.min(time - age + proofMsMax, certificate.expiresAt + clockMsMax);
    if (until > time) this.#checked.set(principal, until);
    return undefined;
  }

  /** Calls `run` when more may be known, in a second at the latest (P3); false if too many wait already. */
  whenMoreIsKnown(run: () => void): boolean {
    if (this.#waiters.size >= waitersMax) return false;
    const woken = () => {
      if (!this.#waiters.delete(woken)) return;
      timer.cancel();
      run();
    };
    const timer = afterInBackground(waitMs, woken);
    this.#waiters.add(woken);
    return true;
  }

  #statement(told: string, madeAt: number): string {
    return `dure principal\n${this.#mesh}\n${madeAt}\n${told}`;
  }

  #certificate(id: string, proofs: CertificateProofs): MemberCertificate | undefined {
    const known = this.#certificates.get(id);
    if (known || this.#isFresh) return known;
    this.#isFresh = true;
    const registry = this.#registry;
    const records = [registry.self, ...registry.nodes().map(({ record }) => record)];
    for (const certificate of records.flatMap(({ certificates = [] }) => certificates)) {
      const read = proofs.read(certificate);
      if (read) this.#certificates.set(read.id, read);
    }
    return this.#certificates.get(id);
  }

  /** Whose key signs now: a renewed one only after all had time to hear of it. */
  #signer(): CertificateProofs | undefined {
    const latest = this.#transport?.proofs;
    if (latest !== this.#next && latest) {
      this.#nextAt = this.#next ? wallTime() + tellMs : 0;
      this.#next = latest;
      const registry = this.#registry;
      const others = (registry.self.certificates ?? []).filter(
        (told) => told !== latest.certificate,
      );
      registry.update({ certificates: [latest.certificate, ...others].slice(0, toldMax) });
    }
    if (wallTime() >= this.#nextAt) this.#current = this.#next;
    return this.#current;
  }
}

function refusal(what: string): WireFailure {
  return {
    code: "UNAUTHENTICATED",
    message: `the principal of the call ${what}`,
    isStarted: false,
  };
}
