/**
 * What lets people in: a token in a URL, good for one sign-in, and the bearer that it is exchanged for. Both are signed claims
 * (HMAC-SHA-256, RFC 2104), so that whoever holds the secret, which lies in the data folder, can make a URL without asking the console,
 * and so that a console that was restarted still knows who is signed in.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** A URL that nobody opened, and a session, end after half a day. */
const lifeMs = 12 * 3_600_000;

/** Who is signed in, or may sign in. */
export interface Session {
  /** For the audit log; anybody who makes a URL may choose it. */
  readonly who: string;
  /** Otherwise it only looks. */
  readonly canOperate: boolean;
}

/** A token that is good. */
export interface SignedToken extends Session {
  /** Unique. */
  readonly id: string;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

type TokenUse = "sign-in" | "bearer";

/** Longer ones are not looked at. */
const tokenLengthMax = 2_000;

export class AccessTokens {
  readonly #key: Buffer;

  /** @param secret known only to whoever may make URLs. */
  constructor(secret: string) {
    this.#key = createHmac("sha256", secret).update("dure console, version 1").digest();
  }

  /** Makes a token that begins to count at `at`, in ms since 1970. */
  make(
    use: TokenUse,
    { who, canOperate }: Session,
    at: number,
  ): { text: string; token: SignedToken } {
    const id = randomBytes(12).toString("base64url");
    const token: SignedToken = { id, who, canOperate, expiresAt: at + lifeMs };
    const claims = Buffer.from(JSON.stringify(token)).toString("base64url");
    return { text: `${claims}.${this.#signature(use, claims)}`, token };
  }

  /** What a token says, or why it is not accepted. A token of another use is a wrong one. */
  read(use: TokenUse, text: string, at: number): SignedToken | "wrong" | "expired" {
    const [claims = "", signature = "", ...rest] = text.slice(0, tokenLengthMax).split(".");
    const expected = Buffer.from(this.#signature(use, claims));
    const given = Buffer.from(signature);
    const isSigned = given.length === expected.length && timingSafeEqual(given, expected);
    if (!isSigned || rest.length > 0) return "wrong";
    const token = JSON.parse(Buffer.from(claims, "base64url").toString()) as SignedToken;
    return token.expiresAt > at ? token : "expired";
  }

  #signature(use: TokenUse, claims: string): string {
    return createHmac("sha256", this.#key).update(`${use}.${claims}`).digest("base64url");
  }
}
