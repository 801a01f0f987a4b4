/** auth: who calls over HTTP, and whether it may. */
export { authenticate, type VerifyToken } from "./authenticate.ts";
export { JwtVerifier } from "./jwt.ts";
export { keySource } from "./key-sources.ts";
