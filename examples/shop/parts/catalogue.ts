/** A product before it has an id. */
export interface NewProduct {
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly price: number;
  readonly stock: number;
}

interface Shelf {
  readonly category: string;
  readonly things: readonly string[];
  readonly makes: readonly string[];
  readonly price: readonly [from: number, to: number];
  readonly use: string;
}

const shelves: readonly Shelf[] = [
  {
    category: "kitchen",
    things: [
      "Kettle",
      "Rice Cooker",
      "Chef's Knife",
      "Frying Pan",
      "Teapot",
      "Cutting Board",
      "Mixing Bowl",
      "Pepper Mill",
    ],
    makes: ["Cast-Iron", "Stainless", "Ceramic", "Enamelled", "Copper", "Bamboo"],
    price: [900, 18_900],
    use: "cooking every day",
  },
  {
    category: "garden",
    things: [
      "Trowel",
      "Watering Can",
      "Pruning Shears",
      "Planter",
      "Rake",
      "Hoe",
      "Seed Tray",
      "Bird Feeder",
    ],
    makes: ["Galvanised", "Oak", "Folding", "Hand-Forged", "Terracotta", "Lightweight"],
    price: [600, 12_500],
    use: "beds and balconies",
  },
  {
    category: "outdoor",
    things: [
      "Tent",
      "Sleeping Bag",
      "Backpack",
      "Lantern",
      "Camping Stove",
      "Water Bottle",
      "Hammock",
      "Rain Jacket",
    ],
    makes: ["Two-Person", "Ultralight", "All-Season", "Compact", "Waterproof", "Insulated"],
    price: [1_500, 39_900],
    use: "nights under the sky",
  },
  {
    category: "office",
    things: [
      "Desk Lamp",
      "Notebook",
      "Fountain Pen",
      "Chair",
      "Monitor Stand",
      "Drawer Unit",
      "Paper Tray",
      "Whiteboard",
    ],
    makes: ["Adjustable", "Walnut", "Recycled", "Minimal", "Foldable", "Magnetic"],
    price: [400, 45_000],
    use: "quiet work",
  },
  {
    category: "books",
    things: [
      "Atlas",
      "Cookbook",
      "Field Guide",
      "Novel",
      "Dictionary",
      "Travelogue",
      "Almanac",
      "Songbook",
    ],
    makes: ["Illustrated", "Pocket", "Annotated", "Bilingual", "Complete", "First"],
    price: [700, 6_900],
    use: "long evenings",
  },
  {
    category: "music",
    things: [
      "Ukulele",
      "Tuning Fork",
      "Music Stand",
      "Harmonica",
      "Headphones",
      "Metronome",
      "Recorder",
      "Cajon",
    ],
    makes: ["Concert", "Student", "Rosewood", "Studio", "Travel", "Classic"],
    price: [800, 29_900],
    use: "practice and play",
  },
  {
    category: "toys",
    things: [
      "Puzzle",
      "Kite",
      "Building Blocks",
      "Yo-Yo",
      "Spinning Top",
      "Marble Run",
      "Board Game",
      "Puppet",
    ],
    makes: ["Wooden", "Rainbow", "Giant", "Beginner's", "Magnetic", "Handmade"],
    price: [500, 7_900],
    use: "rainy afternoons",
  },
  {
    category: "bath",
    things: [
      "Towel",
      "Soap Dish",
      "Bathrobe",
      "Mirror",
      "Shower Brush",
      "Laundry Basket",
      "Bath Mat",
      "Toothbrush Holder",
    ],
    makes: ["Linen", "Cedar", "Organic Cotton", "Frosted", "Woven", "Marble"],
    price: [300, 9_900],
    use: "slow mornings",
  },
];
const series = [
  "Hanok",
  "Maru",
  "Onggi",
  "Haneul",
  "Namu",
  "Bada",
  "Sup",
  "Byeol",
  "Dol",
  "Gaon",
  "Nuri",
  "Saem",
  "Garam",
  "Areum",
];

/** So many products, the same ones every time. */
export function catalogue(count: number): NewProduct[] {
  const random = mulberry32(20_261_120);
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const names = new Set<string>();
  const products: NewProduct[] = [];
  while (products.length < count) {
    const shelf = shelves[products.length % shelves.length] as Shelf;
    const make = one(shelf.makes);
    const thing = one(shelf.things);
    const name = `${one(series)} ${make} ${thing}`;
    if (names.has(name)) continue;
    names.add(name);
    products.push({
      name,
      category: shelf.category,
      description: `A ${make.toLowerCase()} ${thing.toLowerCase()} for ${shelf.use}. Made to be repaired; guaranteed for ${between(2, 10)} years.`,
      price: Math.round(between(...shelf.price) / 100) * 100 + 90,
      stock: between(5, 250),
    });
  }
  return products;
}

/** A small seeded generator (T. Ettinger's mulberry32, public domain algorithm): the shop must look alike on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
