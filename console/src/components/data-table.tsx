/**
 * A table that draws only the rows in sight, so that ten thousand cost what thirty do. All rows have one height (`--row`); a row's link
 * covers it whole, so rows are reached and opened by keyboard like any link.
 */
import type { ComponentChildren, TargetedEvent } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { perFrame } from "../data/frame.ts";

export interface Column<Row> {
  readonly title: string;
  /** CSS width; columns without one share what is left. */
  readonly width?: string;
  readonly isFigure?: boolean;
  /** Left out where the table is narrow: on phones, and beside what was chosen in it. */
  readonly isWideOnly?: boolean;
  /** Has most of the width on phones. */
  readonly isMain?: boolean;
  /** What the column is sorted by; absent: it is not. */
  readonly sortBy?: (row: Row) => number | string;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface TableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly isMarked?: (row: Row) => boolean;
}

const rowHeight = 34;
const spareRows = 6;

export function DataTable<Row>({ label, rows, columns, keyOf, isMarked }: TableProps<Row>) {
  const [order, setOrder] = useState<{ title: string; isDown: boolean }>();
  const sorted = useMemo(() => inOrder(rows, columns, order), [rows, columns, order]);
  const { element, first, last } = useWindow(sorted.length);
  const sortBy = (title: string) =>
    setOrder((before) =>
      before?.title === title && !before.isDown
        ? undefined
        : { title, isDown: before?.title !== title },
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class="table" ref={element} tabIndex={0} aria-label={label}>
      <table aria-rowcount={sorted.length + 1}>
        <Head columns={columns} order={order} onSort={sortBy} />
        <tbody>
          {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus */}
          <tr class="spacer" aria-hidden="true" style={{ height: `${first * rowHeight}px` }} />
          {sorted.slice(first, last).map((row, index) => (
            <tr
              key={keyOf(row)}
              aria-rowindex={first + index + 2}
              class={isMarked?.(row) ? "is-marked" : undefined}
            >
              {columns.map((column) => (
                <td key={column.title} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row takes no focus */}
          <tr
            class="spacer"
            aria-hidden="true"
            style={{ height: `${(sorted.length - last) * rowHeight}px` }}
          />
        </tbody>
      </table>
    </section>
  );
}

interface HeadProps {
  readonly columns: readonly Column<any>[];
  readonly order: { readonly title: string; readonly isDown: boolean } | undefined;
  readonly onSort: (title: string) => void;
}

function Head({ columns, order, onSort }: HeadProps) {
  return (
    <thead>
      <tr>
        {columns.map((column) => {
          const { title, width } = column;
          const direction =
            order?.title !== title ? "none" : order.isDown ? "descending" : "ascending";
          return (
            <th
              key={title}
              scope="col"
              class={classOf(column)}
              style={width ? { "--width": width } : undefined}
              aria-sort={column.sortBy ? direction : undefined}
            >
              {column.sortBy ? (
                <button type="button" onClick={() => onSort(title)}>
                  {title}
                  <span aria-hidden="true">
                    {direction === "none" ? "" : direction === "ascending" ? " \u2191" : " \u2193"}
                  </span>
                </button>
              ) : (
                title
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function classOf({ isFigure, isWideOnly, isMain }: Column<any>): string | undefined {
  const classes = { figure: isFigure, "wide-only": isWideOnly, "is-main": isMain };
  const own = Object.entries(classes).flatMap(([name, isOwn]) => (isOwn ? [name] : []));
  return own.length > 0 ? own.join(" ") : undefined;
}

function inOrder<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: { title: string; isDown: boolean } | undefined,
): readonly Row[] {
  const by = columns.find(({ title }) => title === order?.title)?.sortBy;
  if (!by || !order) return rows;
  const sign = order.isDown ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [by(a), by(b)];
    return left === right ? 0 : (left < right ? -1 : 1) * sign;
  });
}

/** Which rows are in sight of the scrolling element. */
function useWindow(rowCount: number) {
  const element = useRef<HTMLElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const section = element.current;
    if (!section) return;
    const look = () => setSight({ top: section.scrollTop, height: section.clientHeight });
    const lookNextFrame = perFrame(look);
    const onScroll = (_: TargetedEvent<HTMLElement> | Event) => lookNextFrame();
    const observer = new ResizeObserver(lookNextFrame);
    observer.observe(section);
    section.addEventListener("scroll", onScroll, { passive: true });
    look();
    return () => {
      observer.disconnect();
      section.removeEventListener("scroll", onScroll);
    };
  }, []);
  const first = Math.max(0, Math.min(rowCount, Math.floor(sight.top / rowHeight) - spareRows));
  const last = Math.min(rowCount, Math.ceil((sight.top + sight.height) / rowHeight) + spareRows);
  return { element, first, last };
}
