/**
 * Text with tabs laid out in columns, as Go's text/tabwriter does it: a column is a block of neighbouring lines that
 * have a tab behind its cell, and is as wide as its widest cell. The last cell of a line belongs to no column.
 */
export interface TabLayout {
  readonly minWidth: number;
  readonly padding: number;
}

/** Of kubectl's tables (k8s.io/cli-runtime/pkg/printers/tabwriter.go). */
const TABLE_LAYOUT: TabLayout = { minWidth: 6, padding: 3 };
/** Of what kubectl describes (k8s.io/kubectl/pkg/describe/describe.go, tabbedString). */
export const DESCRIBE_LAYOUT: TabLayout = { minWidth: 0, padding: 2 };

export function layOut(lines: readonly string[], { minWidth, padding }: TabLayout): string {
  const cells = lines.map((line) => line.split('\t'));
  const widths: number[][] = cells.map(() => []);
  const columns = Math.max(0, ...cells.map((line) => line.length - 1));
  for (let column = 0; column < columns; column++) {
    for (let from = 0; from < cells.length; from++) {
      if (cells[from].length - 1 <= column) continue;
      let to = from;
      let width = minWidth;
      for (; to < cells.length && cells[to].length - 1 > column; to++)
        width = Math.max(width, cells[to][column].length + padding);
      for (let line = from; line < to; line++) widths[line].push(width);
      from = to;
    }
  }
  const padded = cells.map((line, row) => line.map((cell, column) => cell.padEnd(widths[row][column] ?? 0)).join(''));
  return padded.map((line) => `${line}\n`).join('');
}

/** A table as kubectl prints it: titles in capitals. No rows: no text. */
export function tableText(titles: readonly string[] | null, rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => row.join('\t'));
  return layOut(titles === null ? lines : [titles.join('\t'), ...lines], TABLE_LAYOUT);
}
