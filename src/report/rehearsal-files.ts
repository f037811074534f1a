/** The files of a rehearsal: every number, and the same as tables. */
import type { RehearsalResult } from '../experiment/rehearsal-result.ts';
import { csvText } from './csv.ts';
import { writeJson } from './json.ts';
import { renderRehearsalHtml } from './rehearsal-html.ts';
import type { ReportFile } from './run-files.ts';

/** `repeat`: the command line that makes it again. */
export function* renderRehearsalFiles(result: RehearsalResult, repeat: string): Generator<ReportFile> {
  yield { name: 'report.json', chunks: [`${writeJson({ ...result, repeat }, '')}\n`] };
  yield { name: 'availability.csv', chunks: [availabilityCsv(result)] };
  yield { name: 'nodes.csv', chunks: [nodesCsv(result)] };
  yield { name: 'report.html', chunks: [renderRehearsalHtml(result)] };
}

/** One line each time that the numbers of a budget, Service or workload change. */
function availabilityCsv({ availability }: RehearsalResult): string {
  const records = availability.flatMap(({ kind, key, series }) =>
    series.seconds.map((seconds, i) => [kind, key, seconds, series.available[i], series.wanted[i], series.needed[i]]),
  );
  return csvText([['kind', 'object', 'seconds', 'available', 'wanted', 'needed'], ...records]);
}

/** One line for each state of a node. */
function nodesCsv({ nodes }: RehearsalResult): string {
  const records = nodes.flatMap(({ name, spans }) => spans.map(({ state, from, to }) => [name, state, from, to]));
  return csvText([['node', 'state', 'fromSeconds', 'toSeconds'], ...records]);
}
