/** Colours and chance for product pictures: the same name always gives the same picture. */

export interface Palette {
  readonly ground: string;
  readonly far: string;
  readonly near: string;
  readonly bright: string;
  readonly ink: string;
}

const palettes: readonly Palette[] = [
  { ground: "#dfe9e0", far: "#a9c8b4", near: "#4e8d78", bright: "#f0b65a", ink: "#24463c" },
  { ground: "#f6e3d3", far: "#eebf97", near: "#d8703f", bright: "#2f6f6a", ink: "#5a2b17" },
  { ground: "#dfe4f0", far: "#aab8d8", near: "#4a5f9e", bright: "#f2c14e", ink: "#232c52" },
  { ground: "#f2e2e6", far: "#dbb3c2", near: "#a0587a", bright: "#6f9f8f", ink: "#46202f" },
  { ground: "#f5ebcf", far: "#e6cd8a", near: "#c3932f", bright: "#3f6e8c", ink: "#574112" },
  { ground: "#dcecf0", far: "#a5cfda", near: "#3f8ea5", bright: "#ec8a5e", ink: "#173f4b" },
];

/** Numbers from 0 to 1. */
export type Chance = () => number;

export function paletteOf(chance: Chance): Palette {
  return palettes[Math.floor(chance() * palettes.length)] as Palette;
}

/** Chance that a text decides: FNV-1a (Fowler, Noll, Vo), stirred by xorshift (Marsaglia, 2003). */
export function chanceOf(text: string): Chance {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  state ||= 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}
