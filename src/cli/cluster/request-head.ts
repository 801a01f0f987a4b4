/** The value of a header by its name in lower case; several of one name as one, as HTTP joins them. */
export type HeaderOf = (name: string) => string | undefined;

/**
 * Reads the headers of a request as it was received, to learn whose it is. Whether the request is well-formed is not judged: the
 * server that gets it does that.
 */
export function readHead(bytes: Buffer): HeaderOf {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  const lines = (end === -1 ? text : text.slice(0, end)).split("\r\n").slice(1);
  const pairs = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, Math.max(0, colon)).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return (name) => {
    const values = pairs.filter(([key]) => key === name).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(name === "cookie" ? "; " : ", ");
  };
}

/** The value of a cookie in a `Cookie` header. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const pairs = header?.split(";").map((pair) => pair.trim()) ?? [];
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
