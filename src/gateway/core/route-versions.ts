/** Which version of an upstream a request goes to. */

/** A version and its share. */
export interface Weighted {
  readonly name: string;
  readonly weight: number;
}

/**
 * The version at a point in [0, 1). The versions lie side by side in their order, each as wide as its share: so a point that stays, stays with its
 * version while the shares change, but for those at the moved border.
 */
export function versionAt<Version extends Weighted>(
  versions: readonly Version[],
  point: number,
): Version {
  const total = versions.reduce((sum, { weight }) => sum + weight, 0);
  let end = 0;
  for (const version of versions) {
    end += version.weight / total;
    if (point < end) return version;
  }
  // Shares are rounded; the last one with any reaches to the end.
  return versions.findLast(({ weight }) => weight > 0) as Version;
}
