/**
 * The names that a certificate gives its holder: the last segments of its SPIFFE ids (`URI:spiffe://shop/store`). SPIFFE is the
 * standard for names of workloads (spiffe.io, SPIFFE-ID 1.0).
 * @param subjectAltName as `X509Certificate` writes it: entries with their kind, separated by commas.
 */
export function namesIn(subjectAltName: string): string[] {
  return subjectAltName.split(", ").flatMap((entry) => {
    const name = /^URI:spiffe:\/\/[^/]+\/([^/?#"]+)$/.exec(entry)?.[1];
    return name === undefined ? [] : [decodeURIComponent(name)];
  });
}
