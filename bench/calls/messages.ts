/** What every peer sends and answers: about 200 bytes in and 450 bytes out as JSON, made by the same two functions. */

/** The question: 200 bytes of JSON, give or take the digits of its numbers. */
export interface Question {
  readonly id: number;
  readonly member: string;
  readonly locale: string;
  readonly currency: string;
  readonly withStock: boolean;
  readonly warehouses: string[];
  readonly page: { readonly limit: number; readonly cursor: string };
}

/** The answer: 450 bytes of JSON. */
export interface Answer {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly price: number;
  readonly currency: string;
  readonly stock: number;
  readonly rating: number;
  readonly isListed: boolean;
  readonly tags: string[];
  readonly description: string;
  readonly size: { readonly widthMm: number; readonly heightMm: number; readonly depthMm: number };
  readonly seller: { readonly id: number; readonly name: string };
  readonly addedAt: string;
}

/** A new question object for every call, so that no peer can reuse an encoded one. */
export function question(id: number): Question {
  return {
    id,
    member: "member-00004711",
    locale: "ko-KR",
    currency: "KRW",
    withStock: true,
    warehouses: ["seoul-1", "seoul-2", "busan-1"],
    page: { limit: 20, cursor: "eyJhZnRlciI6MTA0ODU3NiwiYnkiOiJuYW1lIn0" },
  };
}

/** What every handler does. */
export function answer({
  id,
  currency,
}: {
  readonly id: number;
  readonly currency: string;
}): Answer {
  return {
    id,
    name: "Hand-thrown celadon tea bowl",
    category: "kitchen/tea",
    price: 48_000 + id,
    currency,
    stock: 7,
    rating: 4.5,
    isListed: true,
    tags: ["ceramic", "handmade", "dishwasher-safe"],
    description:
      "A tea bowl in the colour of the sky after rain, thrown and glazed by hand in Icheon; no two are alike.",
    size: { widthMm: 118, heightMm: 64, depthMm: 118 },
    seller: { id: 31, name: "Icheon Pottery Cooperative" },
    addedAt: "2026-03-14T09:26:53.589Z",
  };
}
