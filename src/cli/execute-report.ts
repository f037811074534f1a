/** Reads folders of results, and prints and writes one page over them. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { writeNewFile } from '../io/new-file.ts';
import { readResultFolder } from '../io/result-folders.ts';
import type { ResultFolder } from '../io/result-folders.ts';
import { writeJson } from '../report/json.ts';
import { PAGE_MARK, renderPage } from '../report/page/page.ts';
import { pageMarkdown, pageParts, pageText } from '../report/page/page-text.ts';
import type { PageData } from '../report/page/page-data.ts';
import { csvOfTables, tableData } from '../report/page/table-forms.ts';
import { paintFor, plainText } from '../report/table.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { pageDataOf } from './report-data.ts';
import { gathering } from './scenario-input.ts';

export function executeReport(given: GivenOptions, context: CommandContext): number {
  const { terminal } = context;
  const out = given.text('out');
  if (out !== null) checkPlace(out, given.flag('force'));
  const data = pageDataOf(readFolders(given.positionals('folders')), context.version);
  if (out !== null) writeNewFile(out, renderPage(data), { force: given.flag('force') });
  terminal.out(textOf(data, given.text('output') ?? 'table', context));
  tellWarnings([...data.remarks, ...stoppedRuns(data)], context);
  if (out !== null && !given.flag('quiet')) terminal.err(`Wrote ${plainText(out)}\n`);
  return EXIT_OK;
}

/** With what is wrong in all of them. */
function readFolders(paths: readonly string[]): ResultFolder[] {
  const problems: Problem[] = [];
  const known = new Set<string>();
  const folders = paths.flatMap((path) => {
    const folder = gathering(problems, () => readResultFolder(path));
    if (folder === undefined) return [];
    const place = realpathSync(folder.folder);
    if (known.has(place)) return [];
    known.add(place);
    return [folder];
  });
  if (problems.length > 0) throw new InputError(problems);
  return folders;
}

/** Longer than what stands above the mark of a page. */
const HEAD_CHARACTERS = 400;

/** Only an earlier page is replaced, whatever `--force` says. */
function checkPlace(path: string, force: boolean): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || !force) return;
  if (readFileSync(path, 'utf8').slice(0, HEAD_CHARACTERS).includes(PAGE_MARK)) return;
  throw new InputError({ file: path, message: 'the file is no page of podyard report: choose another name' });
}

function stoppedRuns({ experiments }: PageData): string[] {
  return experiments.flatMap(({ runs }) =>
    runs
      .filter(({ complete }) => !complete)
      .map(({ folder }) => `${folder}: the run was stopped before its end, and is left out of means and comparisons`),
  );
}

function textOf(data: PageData, format: string, { terminal }: CommandContext): string {
  if (format === 'json') {
    const parts = pageParts(data);
    const json = {
      schemaVersion: 1,
      version: data.version,
      remarks: data.remarks,
      verdicts: parts.map(({ title, sentences }) => ({ of: title, sentences })),
      tables: parts.flatMap(({ tables }) => tables).map(tableData),
    };
    return `${writeJson(json, '')}\n`;
  }
  if (format === 'csv') return csvOfTables(pageParts(data).flatMap(({ tables }) => tables));
  if (format === 'markdown') return pageMarkdown(data);
  return pageText(data, paintFor(terminal.hasColor('out'), terminal.width));
}
