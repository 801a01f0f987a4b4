/** auth: who calls over HTTP, and whether it may. */
export { createApiKey } from "./api-keys.ts";
export { authenticate } from "./authenticate.ts";
export { Authenticator } from "./authenticator.ts";
