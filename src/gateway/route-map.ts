/** The routes of a gateway as somebody sees them who asks where a request goes, and why. Nothing is called. */
import { findRoute, parseTarget } from "../http/index.ts";
import { DureError } from "../kit/index.ts";
import type { MeshNode } from "../mesh/index.ts";
import { silentLogger } from "../telemetry/index.ts";
import { filesPath } from "./files/index.ts";
import { conditionsOf, fallbackOf, titleOf, versionsOf } from "./open-route.ts";
import { OperationRules, wordsOf } from "./operation-rules.ts";
import type { FilesSection, RouteSection, UpstreamSection } from "./options.ts";
import { isPlatformPath } from "./platform-paths.ts";
import { RouteBook } from "./route-book.ts";
import { type RoutedRequest, RouteLayers } from "./route-layers.ts";
import { treatmentOf } from "./route-words.ts";

/** One route. */
export interface RouteLine {
  /** `*`: every method. */
  readonly method: string;
  /** With its host and headers, if it has any. */
  readonly path: string;
  readonly to: string;
  /** Empty where the operations say. */
  readonly auth: "public" | "required" | "";
}

/** A request that is asked about. */
export interface RouteQuestion {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Where a request goes, and why, one reason a line. */
export interface RouteExplanation {
  readonly to: string;
  readonly reasons: readonly string[];
}

export class RouteMap {
  readonly #node: MeshNode;
  readonly #book: RouteBook;
  readonly #layers: RouteLayers<ReturnType<typeof planned>>;
  readonly #files: readonly FilesSection[];
  readonly #rules: OperationRules;

  constructor(
    node: MeshNode,
    sections: readonly RouteSection[],
    files: readonly FilesSection[] = [],
  ) {
    this.#node = node;
    this.#files = files;
    this.#book = new RouteBook(node, silentLogger, () => {});
    this.#layers = new RouteLayers(
      sections.flatMap((section) => (section.upstream === undefined ? [] : planned(section))),
    );
    this.#rules = new OperationRules(node, sections);
  }

  /** All routes: those of contracts by path, then those to HTTP servers and files as they are written. */
  list(): readonly RouteLine[] {
    const contracts = this.#book.table.routes.map(({ method, path, ref, operation }) => ({
      ...{ method, path, auth: operation.auth },
      to: `${ref.service}.${ref.operation}`,
    }));
    contracts.sort((left, right) => (left.path < right.path ? -1 : 1));
    const servers = this.#layers.routes.map(({ title, to, auth }) => ({
      ...{ method: "*", path: title, to, auth },
    }));
    const rules = this.#rules.rules.map((rule) => ({
      ...{ method: "*", path: rule.title, auth: "" as const },
      to: `operations there: ${wordsOf(rule)}`,
    }));
    const folders = this.#files.map((section) => ({
      ...{ method: "GET", path: filesPath(section), auth: "public" as const },
      to: `files of ${section.folder}`,
    }));
    return [...contracts, ...servers, ...rules, ...folders];
  }

  /** Why a request goes where it goes. Throws INVALID_ARGUMENT for a target that no gateway takes. */
  explain({ method, target: text, host, headers }: RouteQuestion): RouteExplanation {
    const target = parseTarget(text);
    if ("status" in target)
      throw new DureError("INVALID_ARGUMENT", `${text} is ${target.status}: ${target.detail}`);
    const request = { method, target, host, header: (name: string) => headers.get(name) };
    if (isPlatformPath(request))
      return {
        to: "the gateway itself",
        reasons: [`${target.path} is a path of the gateway's own`],
      };
    const passed = this.#layers.refusals(request);
    const particular = this.#layers.find(request, true);
    if (particular) {
      const reason = `${particular.title} has conditions, and the request meets them`;
      return { to: particular.to, reasons: [...passed, reason, ...particular.words] };
    }
    const none = "no route with conditions takes it";
    return this.#behind(request, [...passed, none]);
  }

  close(): void {
    this.#book.close();
  }

  /** Where a request goes that no route with conditions takes. */
  #behind(
    request: RoutedRequest & Parameters<typeof isPlatformPath>[0],
    reasons: readonly string[],
  ): RouteExplanation {
    const found = findRoute(this.#book.table, request.method, request.target);
    if (!found.refusal) {
      const { ref, method, path, operation } = found.value.route;
      const instances = this.#node.registry.instancesOf(ref.service);
      const slots = instances.map(({ record }) => record.slot).join(", ");
      const lines = [
        `the contract of ${ref.service} has ${method} ${path}`,
        operation.auth === "public" ? "it is public" : "it needs a principal",
        ...this.#ruleWords(request),
        slots === "" ? "no instance of it is there now: 503" : `instances: ${slots}`,
      ];
      return { to: `${ref.service}.${ref.operation}`, reasons: [...reasons, ...lines] };
    }
    const { status, detail } = found.refusal;
    const server = this.#layers.find(request, false);
    const no = [...reasons, `no contract takes it: ${detail}`];
    const folders = status === 404 ? this.#foldersFor(request) : [];
    const looked = folders.map((folder) => `a file of ${folder} takes it, if there is one`);
    if (server) {
      const taken = `${server.title} takes what no contract does`;
      return { to: server.to, reasons: [...no, ...looked, taken, ...server.words] };
    }
    const [first] = folders;
    const to = first === undefined ? `nowhere: ${status}` : `files of ${first}`;
    return { to, reasons: [...no, ...looked] };
  }

  #foldersFor({ method, target }: { readonly method: string } & RoutedRequest): readonly string[] {
    if (method !== "GET" && method !== "HEAD") return [];
    return this.#files.flatMap((section) => {
      const prefix = filesPath(section).split("/").slice(1, -1);
      const isBelow = prefix.every((segment, index) => target.segments[index] === segment);
      return isBelow ? [section.folder] : [];
    });
  }

  #ruleWords(request: RoutedRequest): readonly string[] {
    const rule = this.#rules.find(request);
    const deciding = this.#rules.decidingHeaders(request);
    return [
      ...(rule ? [`${rule.title} says of it: ${wordsOf(rule)}`] : []),
      ...(deciding.length > 0 ? [`it depends on ${deciding.join(", ")}, which Vary tells`] : []),
    ];
  }
}

/** A route as it would be, without its servers being asked for anything. */
function planned(section: UpstreamSection) {
  const { path, auth = "required", sticky, mirror } = section;
  const conditions = conditionsOf(section);
  const to = versionsOf(section)
    .map(({ name, weight, urls }) => (name === "" ? "" : `${name} (${weight}): `) + urls.join(", "))
    .join("; ");
  const words = [
    ...treatmentOf({ sticky, fallback: fallbackOf(section) }),
    ...(mirror === undefined ? [] : [`a copy goes to ${mirror}`]),
    ...(section.cache ? ["answers are kept as their Cache-Control says"] : []),
  ];
  return { title: titleOf(path, conditions), path, conditions, to, auth, words } as const;
}
