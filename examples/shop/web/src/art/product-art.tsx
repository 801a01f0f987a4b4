import { chanceOf, paletteOf } from "./palette.ts";
import { sceneOf } from "./scenes.tsx";

/** A product's picture. It says nothing that its name does not say, so it is not read out. */
export function ProductArt({
  name,
  category,
}: {
  readonly name: string;
  readonly category: string;
}) {
  const chance = chanceOf(`${category} ${name}`);
  const colours = paletteOf(chance);
  return (
    <svg class="art" viewBox="0 0 200 160" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <rect width="200" height="160" fill={colours.ground} />
      {sceneOf(category)(colours, chance, name)}
    </svg>
  );
}
