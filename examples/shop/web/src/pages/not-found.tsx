import { Heading } from "../parts/heading.tsx";

export function NotFound() {
  return (
    <div class="narrow">
      <Heading text="There is no such page" />
      <p>It may have been taken off the shelves.</p>
      <p>
        <a class="button" href="/">
          To the catalogue
        </a>
      </p>
    </div>
  );
}
