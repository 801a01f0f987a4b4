/** A tree by segment: a literal beats a parameter, a parameter beats the rest (`*`). */

interface Leaf<Value> {
  readonly value: Value;
  readonly names: readonly string[];
}

interface Branch<Value> {
  readonly literals: Map<string, Branch<Value>>;
  parameter: Branch<Value> | undefined;
  /** By method. */
  readonly leaves: Map<string, Leaf<Value>>;
  /** By method; the path goes on with anything. */
  readonly rest: Map<string, Leaf<Value>>;
}

/** What a lookup found. */
export interface Found<Value> {
  readonly value: Value;
  readonly parameters: Readonly<Record<string, string>>;
}

const noParameters: Readonly<Record<string, string>> = Object.freeze({});

/** Values by method and path: `/books/:id`, `/files/*`. */
export class PathTree<Value> {
  readonly #root: Branch<Value> = newBranch();

  insert(method: string, path: string, value: Value): void {
    let branch = this.#root;
    const names: string[] = [];
    for (const segment of path.split("/").filter(Boolean)) {
      if (segment === "*") {
        branch.rest.set(method, { value, names });
        return;
      }
      if (segment.startsWith(":")) {
        names.push(segment.slice(1));
        branch.parameter ??= newBranch();
        branch = branch.parameter;
      } else {
        let next = branch.literals.get(segment);
        if (!next) {
          next = newBranch();
          branch.literals.set(segment, next);
        }
        branch = next;
      }
    }
    branch.leaves.set(method, { value, names });
  }

  find(method: string, segments: readonly string[]): Found<Value> | undefined {
    const values: string[] = [];
    const found = search(this.#root, segments, { method, values });
    return found && { value: found.value, parameters: parametersOf(found, values) };
  }

  /** The methods of every path that the segments fit. */
  methods(segments: readonly string[]): Set<string> {
    const methods = new Set<string>();
    collectMethods(this.#root, segments, { index: 0, methods });
    return methods;
  }
}

interface Search {
  readonly method: string;
  /** The values of the parameters on the way to where the search is. */
  readonly values: string[];
}

function search<Value>(
  branch: Branch<Value>,
  segments: readonly string[],
  state: Search,
  index = 0,
): Leaf<Value> | undefined {
  const segment = segments[index];
  if (segment === undefined) {
    const found = branch.leaves.get(state.method);
    if (found) return found;
  } else {
    const literal = branch.literals.get(segment);
    const byLiteral = literal && search(literal, segments, state, index + 1);
    if (byLiteral) return byLiteral;
    if (branch.parameter) {
      state.values.push(segment);
      const byParameter = search(branch.parameter, segments, state, index + 1);
      if (byParameter) return byParameter;
      state.values.pop();
    }
  }
  return branch.rest.get(state.method);
}

function collectMethods<Value>(
  branch: Branch<Value>,
  segments: readonly string[],
  { index, methods }: { readonly index: number; readonly methods: Set<string> },
): void {
  const segment = segments[index];
  for (const method of branch.rest.keys()) methods.add(method);
  if (segment === undefined) {
    for (const method of branch.leaves.keys()) methods.add(method);
    return;
  }
  const next = { index: index + 1, methods };
  const literal = branch.literals.get(segment);
  if (literal) collectMethods(literal, segments, next);
  if (branch.parameter) collectMethods(branch.parameter, segments, next);
}

function parametersOf<Value>(
  { names }: Leaf<Value>,
  values: readonly string[],
): Readonly<Record<string, string>> {
  if (names.length === 0) return noParameters;
  const parameters: Record<string, string> = {};
  for (let index = 0; index < names.length; index += 1)
    parameters[names[index] as string] = values[index] as string;
  return parameters;
}

function newBranch<Value>(): Branch<Value> {
  return { literals: new Map(), parameter: undefined, leaves: new Map(), rest: new Map() };
}
