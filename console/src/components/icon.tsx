/** Line icons of 16 units; decoration beside a word. */
const paths = {
  topology: "M3 3h4v4H3zM9 9h4v4H9zM7 5h3a1 1 0 0 1 1 1v3",
  catalogue: "M3 2.5h8a2 2 0 0 1 2 2v9H5a2 2 0 0 1-2-2zM3 11.5a2 2 0 0 1 2-2h8",
  traces: "M2 3.5h7M5 8h7M8 12.5h6",
  logs: "M3 3h10M3 6.3h7M3 9.6h10M3 13h5",
  topics: "M2.5 4.5h11v7h-11zM2.5 5l5.5 4 5.5-4",
  sagas: "M3 3v10M3 5h6a3 3 0 0 1 0 6H6m2-2-2 2 2 2",
  processes: "M2.5 2.5h11v4h-11zM2.5 9.5h11v4h-11zM5 4.5h.01M5 11.5h.01",
  routes: "M3 8h4l3-4h3M7 8l3 4h3",
  limits: "M2.5 11.5a5.5 5.5 0 0 1 11 0M8 11.5l2.5-3.5",
  audit: "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM6 8l1.5 1.5L10.5 6.5",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM11 11l3 3",
  light:
    "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  dark: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
  system: "M2.5 3h11v7.5h-11zM6 13.5h4M8 10.5v3",
  back: "M9.5 3.5 5 8l4.5 4.5",
  empty: "M2.5 9.5 4 3.5h8l1.5 6v3h-11zM2.5 9.5h3l1 1.5h3l1-1.5h3",
  warning: "M8 2.5 14 13H2zM8 6.5v3M8 11.2v.1",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.4"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
