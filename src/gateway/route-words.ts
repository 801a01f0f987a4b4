import type { Fallback } from "./open-route.ts";
import type { StickyOptions } from "./options.ts";

/** What a route does with its requests beside sending them somewhere, in words. */
export function treatmentOf(route: {
  readonly sticky?: StickyOptions | undefined;
  readonly fallback?: Fallback | undefined;
}): readonly string[] {
  const { sticky, fallback } = route;
  const by = sticky && Object.entries(sticky).map(([kind, name]) => [kind, name]);
  const stays = by?.map(([kind, name]) => `sticky by ${name === true ? kind : `${kind} ${name}`}`);
  const instead = fallback && [
    ...(fallback.staleMs > 0 ? [`a copy stale for ${fallback.staleMs / 1_000} s`] : []),
    ...(fallback.body === undefined ? [] : [`${fallback.status} ${fallback.contentType}`]),
  ];
  return [...(stays ?? []), ...(instead ? [`if nobody answers: ${instead.join(", else ")}`] : [])];
}
