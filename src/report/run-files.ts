/** The files of one run's output folder: names and contents in chunks. The caller writes them. */
import type { RunResult } from '../metrics/run-result.ts';
import { nodesCsv, podsCsv, summaryCsv, timeSeriesCsv } from './csv.ts';
import { renderHtml } from './html.ts';
import { reportJson } from './json.ts';

export interface ReportFile {
  readonly name: string;
  /** Can be read once; made while it is read. */
  readonly chunks: Iterable<string>;
}

/** pods.csv only where the run kept its pods. */
export function* renderRunFiles(result: RunResult): Generator<ReportFile> {
  yield { name: 'report.json', chunks: [reportJson(result)] };
  yield { name: 'summary.csv', chunks: summaryCsv(result) };
  yield { name: 'timeseries.csv', chunks: timeSeriesCsv(result.timeseries) };
  if (result.pods !== null) yield { name: 'pods.csv', chunks: podsCsv(result.pods) };
  yield { name: 'nodes.csv', chunks: nodesCsv(result.nodes) };
  yield { name: 'report.html', chunks: [renderHtml(result)] };
}
