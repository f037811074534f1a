/** `podyard bench`: the standing benchmark of schedulers, and the card of one. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

export const BENCH: Command = {
  usage: 'bench',
  summary: 'Play a fixed suite of scenarios with a scheduler: its result card, and how it compares with another',
  positionals: [],
  options: {
    plugin: { ...RUN_OPTIONS['plugin'], describe: 'Scheduler plugin of your own, enabled in every profile; repeatable' },
    scheduler: { kind: 'text', value: 'FILE', describe: 'KubeSchedulerConfiguration' },
    set: RUN_OPTIONS['set'],
    label: { kind: 'text', describe: 'Name of the scheduler on its card. Default: from the files' },
    against: { kind: 'text', value: 'CARD', describe: 'Card (.json) to compare with, seed by seed' },
    only: { kind: 'list', value: 'SCENARIO', describe: 'These scenarios of the suite; repeatable, or with commas' },
    list: { kind: 'flag', describe: 'Print the scenarios of the suite and run nothing' },
    show: { kind: 'list', value: 'CARD', describe: 'Print these cards side by side and run nothing; repeatable' },
    suite: { kind: 'text', value: 'FILE', describe: "Suite of your own, docs/bench.md. Default: Podyard's" },
    jobs: { kind: 'number', atLeast: 1, describe: 'Runs at one time, each on a thread. Default: as many as processors' },
    out: { kind: 'text', value: 'FOLDER', describe: 'Folder for card.json and card.md' },
    force: RUN_OPTIONS['force'],
    output: { kind: 'text', alias: 'o', choices: ['table', 'json', 'markdown'], fallback: 'table', describe: 'What to print' },
    plain: RUN_OPTIONS['plain'],
    progress: RUN_OPTIONS['progress'],
    quiet: RUN_OPTIONS['quiet'],
  },
  examples: [
    ['$0 bench', "Kubernetes' default scheduler"],
    ['$0 bench --plugin mine.ts --out out/mine', 'the card of a plugin'],
    ['$0 bench --scheduler pack.yaml --against out/mine/card.json', 'where two schedulers differ'],
    ['$0 bench --only packing,spread --plugin mine.ts', 'a part, while one works on it'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeBench } = await import('./execute-bench.ts');
    return executeBench(given, context);
  },
};
