/** Which share of calls goes to which version, as `{ "1": 90, "2": 10 }`. One version alone is a pin. */
export type VersionWeights = Readonly<Record<string, number>>;

/** Whether `version` is `wanted` or below it: `1` covers `1.4.2`, not `10.0.0`. */
export function isVersion(version: string, wanted: string): boolean {
  return version === wanted || version.startsWith(`${wanted}.`);
}

/**
 * The versions in the order in which a call tries them: drawn by weight, each once. What weighs nothing is not called at all.
 * @param draw a number in [0, 1): random, or made from a key, so that a key keeps its version.
 */
export function versionOrder(weights: VersionWeights, draw: number): string[] {
  const left = Object.entries(weights).filter(([, weight]) => weight > 0);
  const order: string[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, [, weight]) => sum + weight, 0);
    let rest = draw * total;
    const drawn = left.findIndex(([, weight]) => {
      rest -= weight;
      return rest < 0;
    });
    const [entry] = left.splice(drawn < 0 ? left.length - 1 : drawn, 1);
    if (entry) order.push(entry[0]);
  }
  return order;
}
