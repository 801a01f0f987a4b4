/** The reference page of a gateway: what `openapi.json` says, with a form to call each operation. */

/** A stream's answer is shown up to here, in characters: the page stays usable, however long it goes on. */
const shownMax = 200_000;

const find = (selector, within = document) => within.querySelector(selector);

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** An example of what a schema describes, to begin with. */
function sampleOf(schema = {}, depth = 0) {
  if ("default" in schema) return schema.default;
  if ("const" in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  const alternative = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (alternative) return sampleOf(alternative, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "object":
      return Object.fromEntries(
        Object.entries(depth > 4 ? {} : (schema.properties ?? {})).map(([name, property]) => [
          name,
          sampleOf(property, depth + 1),
        ]),
      );
    case "array":
      return depth > 4 ? [] : [sampleOf(schema.items, depth + 1)];
    case "string":
      return "";
    case "integer":
    case "number":
      return Math.max(0, schema.minimum ?? 0);
    case "boolean":
      return false;
    default:
      return null;
  }
}

function fieldFor({ name, in: place, required, schema }) {
  const input = element("input", { name, required, type: "text" });
  input.dataset.place = place;
  input.placeholder = [schema?.type ?? schema?.anyOf?.map(({ type }) => type).join(" or ")].join(
    "",
  );
  return element("label", {}, `${name} (${place}${required ? "" : ", optional"})`, input);
}

function bodyField({ content }) {
  const [[type, { schema }]] = Object.entries(content);
  const isLines = type.includes("ndjson");
  const text = JSON.stringify(sampleOf(schema), undefined, isLines ? 0 : 2);
  const area = element("textarea", { name: "body", value: text, spellcheck: false });
  area.dataset.type = type;
  return element("label", {}, isLines ? `Items, one a line (${type})` : `Body (${type})`, area);
}

function needsOf(operation) {
  const scopes = operation.security?.[0]?.bearer;
  if (!scopes) return "Public: needs no sign-in.";
  return scopes.length === 0
    ? "Needs a bearer token."
    : `Needs a bearer token with ${scopes.join(", ")}.`;
}

/** What a form asks for, as `fetch` takes it. */
function requestFrom(form, { method, path, operation }) {
  const headers = new Headers();
  const query = new URLSearchParams();
  let filled = path;
  for (const input of form.querySelectorAll("input")) {
    const { place } = input.dataset;
    if (place === "path")
      filled = filled.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (place === "header") headers.set(input.name, input.value);
    else for (const value of input.value.split(",")) query.append(input.name, value.trim());
  }
  const token = find("#token").value;
  if (token !== "") headers.set("authorization", `Bearer ${token}`);
  const streams = Object.values(operation.responses).some(
    ({ content }) => content?.["application/x-ndjson"],
  );
  headers.set("accept", streams ? "application/x-ndjson" : "application/json, */*;q=0.5");
  const area = find("textarea", form);
  if (area) headers.set("content-type", area.dataset.type);
  const url = query.size === 0 ? filled : `${filled}?${query}`;
  return { url, init: { method, headers, ...(area ? { body: area.value } : {}) } };
}

async function showBody(response, body) {
  if (!response.body) return;
  const isJson = /[/+]json$/.test((response.headers.get("content-type") ?? "").split(";")[0]);
  if (isJson) {
    const text = await response.text();
    try {
      body.value = JSON.stringify(JSON.parse(text), undefined, 2);
    } catch {
      body.value = text;
    }
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    body.value = (body.value + value).slice(-shownMax);
  }
}

async function send(view, described) {
  const form = find("form", view);
  const stop = find(".stop", form);
  const answer = find(".answer", view);
  const status = find(".status", answer);
  const body = find("textarea", answer);
  const controller = new AbortController();
  stop.onclick = () => controller.abort();
  stop.disabled = false;
  answer.hidden = false;
  status.className = "status";
  status.textContent = "Waiting…";
  body.value = "";
  const startedAt = performance.now();
  const tookMs = () => Math.round(performance.now() - startedAt);
  try {
    const { url, init } = requestFrom(form, described);
    const response = await fetch(url, { ...init, signal: controller.signal });
    status.className = `status ${response.ok ? "good" : "bad"}`;
    status.textContent = `${response.status} ${response.statusText} after ${tookMs()} ms`;
    await showBody(response, body);
  } catch (failure) {
    status.className = "status bad";
    status.textContent = controller.signal.aborted
      ? `Stopped after ${tookMs()} ms`
      : `Failed: ${failure.message}`;
  } finally {
    stop.disabled = true;
  }
}

function operationView(described) {
  const { method, path, operation } = described;
  const view = find("#operation").content.cloneNode(true).firstElementChild;
  find(".method", view).textContent = method;
  find(".path", view).textContent = path;
  find(".about", view).textContent = operation.summary ?? operation.operationId;
  find(".needs", view).textContent = `${operation.operationId}. ${needsOf(operation)}`;
  const fields = find(".fields", view);
  fields.append(...(operation.parameters ?? []).map(fieldFor));
  if (operation.requestBody) fields.append(bodyField(operation.requestBody));
  const list = find(".declared ul", view);
  for (const [status, { description }] of Object.entries(operation.responses))
    list.append(element("li", { textContent: `${status}: ${description}` }));
  find("form", view).addEventListener("submit", (event) => {
    event.preventDefault();
    void send(view, described);
  });
  view.dataset.text =
    `${method} ${path} ${operation.operationId} ${operation.summary ?? ""}`.toLowerCase();
  return view;
}

function show(api) {
  document.title = api.info.title;
  find("#title").textContent = api.info.title;
  find("#version").textContent = `version ${api.info.version}`;
  const byTag = new Map();
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "";
      const described = { method: method.toUpperCase(), path, operation };
      byTag.set(tag, [...(byTag.get(tag) ?? []), described]);
    }
  const sections = [...byTag].map(([tag, all]) =>
    element("section", {}, element("h2", { textContent: tag }), ...all.map(operationView)),
  );
  if (sections.length === 0)
    sections.push(element("p", { textContent: "No service is offered over HTTP now." }));
  find("#operations").replaceChildren(...sections);
}

find("#filter").addEventListener("input", ({ target }) => {
  const wanted = target.value.trim().toLowerCase();
  for (const section of document.querySelectorAll("main section:not(.answer, .declared)")) {
    for (const view of section.querySelectorAll(".operation"))
      view.hidden = !view.dataset.text.includes(wanted);
    section.hidden = !section.querySelector(".operation:not([hidden])");
  }
});

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  show(await response.json());
} catch (failure) {
  const message = `openapi.json cannot be read: ${failure.message}. Reload the page to try again.`;
  find("#operations").replaceChildren(
    element("p", { className: "failure", role: "alert", textContent: message }),
  );
}
