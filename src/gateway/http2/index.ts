/** http2: HTTP/2 over TLS. */
export { Http2Connection } from "./http2-connection.ts";
