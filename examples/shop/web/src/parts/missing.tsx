import { Icon } from "./icons.tsx";

interface MissingProps {
  /** What is missing, and what goes on all the same. */
  readonly text: string;
  readonly again?: () => void;
}

/** A part of the page whose service does not answer: said calmly, in its place. */
export function Missing({ text, again }: MissingProps) {
  return (
    <div class="missing" role="status">
      <Icon name="rest" />
      <p>{text}</p>
      {again ? (
        <button type="button" class="quiet" onClick={again}>
          Try again
        </button>
      ) : null}
    </div>
  );
}
