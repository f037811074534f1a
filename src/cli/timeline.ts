/** `podyard timeline`: a run as a picture in time that Perfetto opens. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

export const TIMELINE: Command = {
  usage: 'timeline <scenario>',
  summary: 'Play a run and write it as a trace for ui.perfetto.dev: nodes as tracks, pods as slices',
  positionals: [
    { name: 'scenario', describe: 'Scenario file, or the --out folder of its run; - reads standard input' },
  ],
  options: {
    out: {
      kind: 'text', value: 'FILE', describe: 'File to write, packed when it ends with .gz; without, standard output',
    },
    force: { kind: 'flag', describe: 'Replace an existing file' },
    from: { kind: 'text', value: 'TIME', describe: 'Leave out what is over by then, such as 8h' },
    to: { kind: 'text', value: 'TIME', describe: 'End there, such as 9h30m' },
    nodes: { kind: 'number', atLeast: 1, describe: 'Show only the first so many nodes of the run' },
    seed: RUN_OPTIONS['seed'],
    kubernetes: RUN_OPTIONS['kubernetes'],
    set: RUN_OPTIONS['set'],
    scheduler: RUN_OPTIONS['scheduler'],
    plugin: RUN_OPTIONS['plugin'],
    progress: RUN_OPTIONS['progress'],
    quiet: { kind: 'flag', alias: 'q', describe: 'No progress, and nothing said of what was written' },
  },
  examples: [
    ['$0 timeline my-cluster.yaml --out day.json.gz', 'open it in ui.perfetto.dev'],
    ['$0 timeline out/first --out day.json', 'of a run that was played with --out out/first'],
    ['$0 timeline my-cluster.yaml --from 8h --to 9h --nodes 50 --out morning.json', 'an hour of 50 nodes'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeTimeline } = await import('./execute-timeline.ts');
    return executeTimeline(given, context);
  },
};
