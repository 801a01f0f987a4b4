/**
 * http-client: a contract's operations over plain HTTP, through a gateway, with the types of the contract and nothing but `fetch`. For
 * browsers, and for programs that are not on the mesh.
 */

export { describedContract } from "../contract/index.ts";
export { type HttpClientOptions, httpClient } from "./http-client.ts";
