/** What beside its path a request needs for a route: a host, headers. */

/** The conditions of a route. */
export interface RouteConditions {
  /** In lower case, without a port; `*.example.com` for every name below. */
  readonly host: string | undefined;
  /** Names in lower case, and the values they must have. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A request, as far as it is looked at. */
export interface ConditionedRequest {
  readonly host: string;
  header(name: string): string | undefined;
}

/** Which of a route's conditions a request does not meet, in words; undefined if it meets all. */
export function unmetCondition(
  { host, headers }: RouteConditions,
  request: ConditionedRequest,
): string | undefined {
  if (host !== undefined && !isHost(host, request.host)) return `the host is not ${host}`;
  const unmet = headers.find(([name, value]) => request.header(name) !== value);
  return unmet && `${unmet[0]} is not "${unmet[1]}"`;
}

/** Whether there is any condition. */
export function isConditional({ host, headers }: RouteConditions): boolean {
  return host !== undefined || headers.length > 0;
}

/** How particular conditions are: an exact host beats a wildcard, that beats none; then the longer wildcard, then more headers. */
export function byParticularity(left: RouteConditions, right: RouteConditions): number {
  return (
    rankOf(right.host) - rankOf(left.host) ||
    (right.host?.length ?? 0) - (left.host?.length ?? 0) ||
    right.headers.length - left.headers.length
  );
}

function rankOf(host: string | undefined): number {
  return host === undefined ? 0 : host.startsWith("*.") ? 1 : 2;
}

function isHost(pattern: string, host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return pattern.startsWith("*.") ? name.endsWith(pattern.slice(1)) : name === pattern;
}
