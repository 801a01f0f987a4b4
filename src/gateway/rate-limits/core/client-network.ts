const mappedPattern = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Whose address it is, as far as limits go: an IPv4 address, or the first 64 bits of an IPv6 address. Those are the least that a
 * customer gets (RFC 6177), so whoever has them has 2^64 addresses to call from.
 */
export function clientNetwork(address: string): string {
  const [, mapped] = mappedPattern.exec(address) ?? [];
  if (mapped) return mapped;
  if (!address.includes(":")) return address;
  const [plain = ""] = address.split("%");
  const [head = "", tail] = plain.split("::");
  const first = head.split(":").filter(Boolean);
  const last = tail?.split(":").filter(Boolean) ?? [];
  const zeros = tail === undefined ? [] : Array(8 - first.length - last.length).fill("0");
  const groups = [...first, ...zeros, ...last].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
