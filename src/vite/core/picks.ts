/** Finds `pick(contract, "operation", ...)` in a module, by what the module itself says: its imports, and names written out. */

/** An export of another module, and the operations that are picked of it. */
export interface Picked {
  readonly specifier: string;
  readonly exported: string;
  readonly names: readonly string[];
}

/** A call of `pick`. */
interface PickCall {
  readonly start: number;
  readonly end: number;
  /** Undefined where only a running program knows. */
  readonly picked: Picked | undefined;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: any;
}

/** A module's syntax tree (ESTree). */
export interface Module {
  readonly body: readonly Node[];
}

type Import = Omit<Picked, "names">;

/** The calls of the `pick` of `dure`, in their order. */
export function picksOf(module: Module): PickCall[] {
  const imports = importsOf(module);
  const found: PickCall[] = [];
  walk(module.body, (node) => {
    if (node.type !== "CallExpression") return;
    const called = imports.get(node.callee.name);
    if (called?.specifier === "dure" && called.exported === "pick")
      found.push({ start: node.start, end: node.end, picked: pickedBy(node, imports) });
  });
  return found;
}

function pickedBy(call: Node, imports: ReadonlyMap<string, Import>): Picked | undefined {
  const [contract, ...literals] = call.arguments as Node[];
  const imported = imports.get(contract?.name);
  const names = literals.map(({ value }) => value);
  const isWrittenOut = names.every((name) => typeof name === "string");
  return imported && isWrittenOut ? { ...imported, names } : undefined;
}

/** What a module imports, by the name it has there. */
function importsOf(module: Module): Map<string, Import> {
  const imports = new Map<string, Import>();
  for (const { type, source, specifiers } of module.body) {
    if (type !== "ImportDeclaration") continue;
    for (const { type: kind, imported, local } of specifiers as Node[]) {
      if (kind === "ImportNamespaceSpecifier") continue;
      imports.set(local.name, { specifier: source.value, exported: imported?.name ?? "default" });
    }
  }
  return imports;
}

function walk(part: unknown, visit: (node: Node) => void): void {
  if (typeof part !== "object" || part === null) return;
  if ("type" in part) visit(part as Node);
  for (const inner of Object.values(part)) walk(inner, visit);
}
