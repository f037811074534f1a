/** `podyard report`: results of several commands on one page. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';

export const REPORT: Command = {
  usage: 'report <folders..>',
  summary: 'Put results of run, replay, compare, sweep and rehearse on one page: verdict, plots, tables, cost',
  positionals: [{ name: 'folders', describe: 'Folders that --out made, of any of these commands' }],
  options: {
    out: { kind: 'text', value: 'FILE', describe: 'Page to write, self-contained HTML' },
    force: { kind: 'flag', describe: 'Replace an earlier page of podyard report' },
    output: {
      kind: 'text', alias: 'o', choices: ['table', 'markdown', 'csv', 'json'], fallback: 'table',
      describe: 'What to print',
    },
    quiet: { kind: 'flag', alias: 'q', describe: 'Nothing said of the written file' },
  },
  examples: [
    ['$0 report out/compared --out compared.html', 'verdict, differences seed by seed, waits, series, cost'],
    ['$0 report out/monday out/tuesday --out days.html', 'runs of one scenario side by side'],
    ['$0 report out/compared -o markdown', 'the tables, for an issue or a paper'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeReport } = await import('./execute-report.ts');
    return executeReport(given, context);
  },
};
