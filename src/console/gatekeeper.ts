import type { RequestVerifier } from "../contract/index.ts";
import { DureError, now, wallTime } from "../kit/index.ts";
import { AccessTokens, type Session, type SignedToken } from "./access-tokens.ts";
import { operateScope, readScope } from "./console-contract.ts";
import { WrongTokens } from "./core/wrong-tokens.ts";
import { UsedTokens } from "./used-tokens.ts";

const signInPath = "/api/sign-in";

/** Why a sign-in token is not accepted, and how long to wait before another try, in s. */
export interface RefusedToken {
  readonly reason: "wrong" | "used" | "expired";
  readonly waitS: number;
}

/** What handlers know of whoever calls: the claims of the principal. */
export interface SessionClaims {
  readonly remoteAddress: string;
  readonly session: string;
  readonly expiresAt: number;
}

/** Decides who gets in: changes a URL's token into a bearer, once, and recognises bearers. */
export class Gatekeeper {
  readonly #tokens: AccessTokens;
  readonly #used: UsedTokens;
  readonly #wrong = new WrongTokens();

  constructor(secret: string, usedTokensPath: string | undefined) {
    this.#tokens = new AccessTokens(secret);
    this.#used = new UsedTokens(usedTokensPath);
  }

  /** Looks at a URL's token without using it up: browsers fetch pages for many reasons. */
  look(text: string, remoteAddress: string): SignedToken | RefusedToken {
    const token = this.#tokens.read("sign-in", text, wallTime());
    const reason = typeof token === "string" ? token : this.#used.has(token) ? "used" : undefined;
    if (typeof token !== "string" && reason === undefined) return token;
    return { reason: reason ?? "wrong", waitS: this.#wrong.add(remoteAddress, now()) };
  }

  /** Uses a URL's token up. */
  signIn(
    text: string,
    remoteAddress: string,
  ): { bearer: string; token: SignedToken } | RefusedToken {
    const found = this.look(text, remoteAddress);
    if ("reason" in found) return found;
    this.#used.add(found);
    const session: Session = found;
    const { text: bearer, token } = this.#tokens.make("bearer", session, wallTime());
    return { bearer, token };
  }

  /** Who calls, for the gateway. A bearer that is not good is refused wherever it is sent. */
  readonly verify: RequestVerifier = ({ header, remoteAddress, path }) => {
    // Nobody yet, whatever was left over from before; the address is for the audit log.
    if (path === signInPath)
      return {
        subject: "nobody",
        scopes: [],
        claims: { remoteAddress, session: "", expiresAt: 0 },
      };
    const authorization = header("authorization");
    if (authorization === undefined) return undefined;
    const [, text = ""] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    const token = this.#tokens.read("bearer", text, wallTime());
    if (typeof token === "string") {
      const waitS = token === "wrong" ? this.#wrong.add(remoteAddress, now()) : 0;
      const wait = waitS > 0 ? `; wait ${waitS} s` : "";
      const message = `the session is ${token === "wrong" ? "not known" : "over"}; get a new URL with: dure console${wait}`;
      throw new DureError("UNAUTHENTICATED", message);
    }
    const { who, canOperate, id, expiresAt } = token;
    const claims: SessionClaims = { remoteAddress, session: id, expiresAt };
    return {
      subject: who,
      scopes: canOperate ? [readScope, operateScope] : [readScope],
      claims: { ...claims },
    };
  };
}
