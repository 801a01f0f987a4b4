/** Small pictures beside words; 24 x 24 units. */

const stroke = {
  fill: "none",
  stroke: "currentColor",
  "stroke-width": 1.8,
  "stroke-linecap": "round",
  "stroke-linejoin": "round",
} as const;

const paths = {
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16.2 16.2 21 21",
  cart: "M3 4h2.2l2.1 11.2a1.6 1.6 0 0 0 1.6 1.3h8.3a1.6 1.6 0 0 0 1.6-1.2L20.6 8H6.2M10 20.2v.1M17 20.2v.1",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c1-4 4-6 7.5-6s6.500 2 7.500 6",
  rest: "M17 4h4l-4 5h4M11 9h3.500l-3.500 4.500h3.500M20 15.500A8 8 0 1 1 9 5",
  check: "M5 12.500 10 17.500 19.500 7",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13",
} as const;

export function Icon({ name }: { readonly name: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" {...stroke}>
      <path d={paths[name]} />
    </svg>
  );
}
