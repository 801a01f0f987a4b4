/** Data as indented text. Only ever text: what comes from the fleet is never parsed as HTML. */
const charactersMax = 200_000;

export function JsonView({ value, label }: { value: unknown; label: string }) {
  const text = indented(value);
  const isCut = text.length > charactersMax;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class="json" tabIndex={0} aria-label={label}>
      <pre>
        {isCut ? `${text.slice(0, charactersMax)}\n... ${text.length - charactersMax} more` : text}
      </pre>
    </section>
  );
}

/** JSON text is indented, other text stays as it is. */
export function indented(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value, null, 2) ?? "";
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
