/** A table as data, and its forms: HTML with its files to take along, Markdown, CSV and JSON. */
import { csvText } from '../csv.ts';
import { roundNumber } from '../json.ts';
import { numberColumn, plainText, renderMarkdownTable, renderTable, textColumn } from '../table.ts';
import type { Column, Paint } from '../table.ts';
import { escapeText } from '../plots/svg.ts';

export interface TableColumn {
  /** For readers. */
  readonly title: string;
  /** For programs: `latency.queueWaitSeconds.p99`. */
  readonly name: string;
  readonly isText: boolean;
  /** Not for reading: CSV and JSON have it. */
  readonly isOnlyInFiles?: boolean;
}

export interface TableCell {
  readonly text: string;
  /** null: there is none. */
  readonly value: string | number | null;
  /** Style class: `good`, `bad`, `mono`. */
  readonly style?: string;
}

export interface ReportTable {
  /** Letters, digits and dashes; alone of its name on a page. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly TableCell[])[];
  /** Stands below. '': nothing. */
  readonly foot: string;
}

export function textCell(text: string, style = ''): TableCell {
  return { text, value: text, style };
}

export function textHead(title: string, name: string): TableColumn {
  return { title, name, isText: true };
}

export function numberHead(title: string, name: string): TableColumn {
  return { title, name, isText: false };
}

/** Columns and cells that are for reading. */
function shownPart({ columns, rows }: ReportTable): Pick<ReportTable, 'columns' | 'rows'> {
  const isShown = (_: unknown, i: number): boolean => columns[i].isOnlyInFiles !== true;
  return { columns: columns.filter(isShown), rows: rows.map((row) => row.filter(isShown)) };
}

/** A card with the table, and links that save it as a file. */
export function htmlTable(table: ReportTable): string {
  const { id, title, foot } = table;
  const { columns, rows } = shownPart(table);
  const styleOf = (isText: boolean, style = ''): string => {
    const all = [isText ? 'word' : '', style].filter((one) => one !== '').join(' ');
    return all === '' ? '' : ` class="${all}"`;
  };
  const heads = columns.map((one) => `<th scope="col"${styleOf(one.isText)}>${escapeText(one.title)}</th>`).join('');
  const cellOf = (cell: TableCell, i: number): string =>
    `<td${styleOf(columns[i].isText, cell.style)}>${escapeText(cell.text)}</td>`;
  const lines = rows.map((row) => `<tr>${row.map(cellOf).join('')}</tr>`);
  const saved = [
    savedLink(`${id}.csv`, 'text/csv', csvTable(table), 'CSV'),
    savedLink(`${id}.md`, 'text/markdown', markdownTable(table), 'Markdown'),
  ].join(' ');
  const caption = `<p class="saved"><span>Save as</span> ${saved}</p>`;
  const label = escapeText(title);
  const body = `<thead><tr>${heads}</tr></thead><tbody>${lines.join('')}</tbody>`;
  const below = foot === '' ? '' : `<p class="caption">${escapeText(foot)}</p>`;
  const head = `<div class="head"><h3>${label}</h3>${caption}</div>`;
  const scroll = `<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table>${body}</table></div>`;
  return `<section class="card full" id="${id}">${head}${scroll}${below}</section>`;
}

function savedLink(file: string, type: string, content: string, word: string): string {
  const address = `data:${type};charset=utf-8,${encodeURIComponent(content.replace(/\p{Surrogate}/gu, '\ufffd'))}`;
  return `<a download="${escapeText(file)}" href="${escapeText(address)}">${word}</a>`;
}

/** Ends in a newline. */
export function markdownTable(table: ReportTable): string {
  const { title, foot } = table;
  const { columns, rows } = shownPart(table);
  const written = [
    `### ${markdownText(title)}`,
    '',
    renderMarkdownTable(
      columns.map((one) => columnOf(one, withoutMarks(one.title))),
      rows.map((row) => row.map(({ text }) => withoutMarks(text))),
    ),
    ...(foot === '' ? [] : ['', markdownText(foot)]),
  ];
  return `${written.join('\n')}\n`;
}

/** Names can neither end a cell nor become a link, a picture or HTML. */
export function markdownText(text: string): string {
  return withoutMarks(text).replaceAll('|', '\\|');
}

/** A table does the same for the ends of its cells. */
function withoutMarks(text: string): string {
  return plainText(text).replace(/[\\`*_[\]<>&~]/gu, '\\$&');
}

function csvTable({ columns, rows }: ReportTable): string {
  return csvText([columns.map(({ name }) => name), ...rows.map((row) => row.map(({ value }) => plainValue(value)))]);
}

/** All tables in one: a line a cell. */
export function csvOfTables(tables: readonly ReportTable[]): string {
  const lines = tables.flatMap(({ id, columns, rows }) =>
    rows.flatMap((row, i) => row.map(({ value }, j) => [id, i + 1, columns[j].name, plainValue(value)])),
  );
  return csvText([['table', 'row', 'column', 'value'], ...lines]);
}

/** JSON-safe. */
export function tableData({ id, title, columns, rows }: ReportTable): unknown {
  return {
    id,
    title,
    columns: columns.map(({ name }) => name),
    rows: rows.map((row) => row.map(({ value }) => plainValue(value))),
  };
}

export function terminalTable(table: ReportTable, paint: Paint): string {
  const { title, foot } = table;
  const { columns, rows } = shownPart(table);
  const heads = columns.map((one) => columnOf(one, plainText(one.title.toUpperCase())));
  const lines = rows.map((row) => row.map(({ text }) => plainText(text)));
  const below = foot === '' ? '' : `\n${plainText(foot)}`;
  return `${paint.strong(plainText(title))}\n${renderTable(heads, lines, paint)}${below}`;
}

function columnOf({ isText }: TableColumn, title: string): Column {
  return isText ? textColumn(title) : numberColumn(title);
}

function plainValue(value: string | number | null): string | number | null {
  return typeof value === 'number' ? roundNumber(value) : value;
}
