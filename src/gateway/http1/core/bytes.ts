/** Which bytes may stand where in a request's head (RFC 9110, section 5; RFC 9112, sections 3 and 5). */

export const tab = 0x09;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const space = 0x20;
export const colon = 0x3a;

/** Methods and field names: `tchar`. */
export const inToken = 1;
/** Request targets: visible ASCII. Everything else must be percent-encoded (RFC 3986). */
export const inTarget = 2;
/** Field values: visible ASCII, spaces, tabs and `obs-text`; no other control character, so no bare CR, LF or NUL. */
export const inValue = 4;

/** The classes of each byte, as bits. */
export const byteClasses = new Uint8Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  const isVisible = byte > space && byte < 0x7f;
  if (isVisible) byteClasses[byte] = inTarget;
  if (isVisible || byte === space || byte === tab || byte >= 0x80)
    byteClasses[byte] = (byteClasses[byte] as number) | inValue;
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(String.fromCharCode(byte)))
    byteClasses[byte] = (byteClasses[byte] as number) | inToken;
}

/** The first index from `at` on, before `stop`, whose byte is not of the class; `stop` if all are. */
export function skipClass(
  { bytes, stop }: { readonly bytes: Uint8Array; readonly stop: number },
  byteClass: number,
  from: number,
): number {
  let at = from;
  while (at < stop && ((byteClasses[bytes[at] as number] as number) & byteClass) !== 0) at += 1;
  return at;
}
