import type { ContractDescription, JsonSchema, OperationDescription } from "./description.ts";

/** The head of an OpenAPI document. */
export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly serverUrl?: string;
}

const problem = {
  type: "object",
  description: "A problem document (RFC 9457)",
  required: ["type", "title", "status"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    instance: { type: "string" },
    code: { type: "string" },
    requestId: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        properties: { field: { type: "string" }, message: { type: "string" } },
        required: ["field", "message"],
      },
    },
    data: {},
  },
};

/** The operations with an HTTP binding as an OpenAPI 3.1 document. */
export function toOpenApi(contracts: readonly ContractDescription[], info: OpenApiInfo): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const contract of contracts) {
    for (const [name, operation] of Object.entries(contract.operations)) {
      if (!operation.http) continue;
      const path = operation.http.path
        .replace(/:([A-Za-z0-9_]+)/g, "{$1}")
        .replace(/\/\*$/, "/{rest}");
      paths[path] ??= {};
      paths[path][operation.http.method.toLowerCase()] = describeOperation(
        contract.name,
        name,
        operation,
      );
    }
  }
  return {
    openapi: "3.1.0",
    info: { title: info.title, version: info.version },
    ...(info.serverUrl ? { servers: [{ url: info.serverUrl }] } : {}),
    paths,
    components: {
      schemas: { Problem: problem },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}

function describeOperation(service: string, name: string, operation: OperationDescription): object {
  const { http, input, output } = operation;
  const { method = "GET", path = "/", status = 200 } = http ?? {};
  const inPath = [...path.matchAll(/:([A-Za-z0-9_]+)/g)].map((match) => match[1] as string);
  const { hasInputStream = false } = operation;
  const hasBody =
    operation.kind !== "raw" && (hasInputStream || (method !== "GET" && method !== "DELETE"));
  const fields = hasInputStream ? {} : input?.properties;
  const properties = Object.entries((fields ?? {}) as Record<string, JsonSchema>);
  const required = new Set(input?.required as string[] | undefined);
  const parameters: object[] = properties
    .filter(([field]) => inPath.includes(field) || !hasBody)
    .map(([field, schema]) => ({
      name: field,
      in: inPath.includes(field) ? "path" : "query",
      required: inPath.includes(field) || required.has(field),
      schema: withoutReferences(schema),
    }));
  if (path.endsWith("/*"))
    parameters.push({ name: "rest", in: "path", required: true, schema: { type: "string" } });
  if (operation.idempotencyKey === "required") {
    parameters.push({
      name: "Idempotency-Key",
      in: "header",
      required: true,
      schema: { type: "string" },
    });
  }
  const body = hasBody && input && !hasInputStream ? bodySchema(input, inPath) : undefined;
  return {
    operationId: `${service}.${name}`,
    tags: [service],
    ...(operation.summary ? { summary: operation.summary } : {}),
    parameters,
    ...(body
      ? { requestBody: { required: true, content: { "application/json": { schema: body } } } }
      : {}),
    ...(hasInputStream && input
      ? { requestBody: { required: true, content: { "application/x-ndjson": itemOf(input) } } }
      : {}),
    responses: {
      [status]: {
        description: "Success",
        ...(output ? { content: answerContent(operation, output) } : {}),
      },
      ...errorResponses(operation),
      default: problemResponse("A problem"),
    },
    ...(operation.auth === "public" ? {} : { security: [{ bearer: operation.scopes }] }),
  };
}

function answerContent({ kind }: OperationDescription, output: JsonSchema): object {
  if (kind === "stream")
    return { "application/x-ndjson": itemOf(output), "text/event-stream": itemOf(output) };
  return { "application/json": { schema: withoutReferences(output) } };
}

/** OpenAPI 3.1 has no word for "items of this schema, one a line": the schema is that of an item, and the text says so. */
function itemOf(schema: JsonSchema): object {
  const item = withoutReferences(schema);
  return { schema: { ...item, description: "One item; the body has any number of them." } };
}

function bodySchema(input: JsonSchema, inPath: readonly string[]): JsonSchema | undefined {
  const properties = Object.entries((input.properties ?? {}) as Record<string, JsonSchema>);
  const kept = properties.filter(([field]) => !inPath.includes(field));
  if (kept.length === 0) return undefined;
  const required = ((input.required ?? []) as string[]).filter((field) => !inPath.includes(field));
  return withoutReferences({ ...input, properties: Object.fromEntries(kept), required });
}

function errorResponses(operation: OperationDescription): Record<string, object> {
  const byStatus = new Map<number, string[]>();
  for (const [code, { status }] of Object.entries(operation.errors)) {
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [String(status), problemResponse(codes.join(" or "))]),
  );
}

function problemResponse(description: string): object {
  return {
    description,
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}

/** Inlines local definitions: inside an OpenAPI document a `#/$defs/...` would point at the document. A circle becomes `{}`. */
function withoutReferences(schema: JsonSchema): JsonSchema {
  const definitions = (schema.$defs ?? {}) as Record<string, JsonSchema>;
  const inline = (node: unknown, open: readonly string[]): unknown => {
    if (Array.isArray(node)) return node.map((item) => inline(item, open));
    if (typeof node !== "object" || node === null) return node;
    const reference = (node as JsonSchema).$ref;
    if (typeof reference === "string") {
      const name = reference.replace(/^#\/\$defs\//, "");
      const target = definitions[name];
      return target && !open.includes(name) ? inline(target, [...open, name]) : {};
    }
    return Object.fromEntries(
      Object.entries(node)
        .filter(([keyword]) => keyword !== "$defs")
        .map(([keyword, value]) => [keyword, inline(value, open)]),
    );
  };
  return inline(schema, []) as JsonSchema;
}
