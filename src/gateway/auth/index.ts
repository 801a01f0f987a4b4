/** auth: who calls over HTTP, and whether it may. */
export { createApiKey } from "./api-keys.ts";
export { type AccessRule, authenticate } from "./authenticate.ts";
export { callerName, type ProvenPrincipal } from "./authentication.ts";
export { Authenticator } from "./authenticator.ts";
