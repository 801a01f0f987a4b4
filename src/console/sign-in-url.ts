import { wallTime } from "../kit/index.ts";
import { AccessTokens, type Session } from "./access-tokens.ts";

/** A URL of the console at `url` that lets one browser in, once, within half a day. */
export function signInUrl(url: string, secret: string, session: Session): string {
  const { text } = new AccessTokens(secret).make("sign-in", session, wallTime());
  const found = new URL(url);
  found.searchParams.set("token", text);
  return found.href;
}
