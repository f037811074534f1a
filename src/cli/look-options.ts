/** Options of the commands that look around in a run: which run, which moment, which namespace. */
import type { OptionTable } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

export const LOOKED_POSITIONAL = {
  name: 'scenario',
  describe: "Scenario file, the --out folder of its run, or a cluster's dump; - reads standard input",
};

export const LOOK_OPTIONS: OptionTable = {
  at: { kind: 'text', value: 'TIME', describe: 'Moment of the run, such as 90m; without, its end (of a dump: its own)' },
  namespace: { kind: 'text', alias: 'n', value: 'NAME', describe: 'Namespace; without, "default"' },
  'all-namespaces': { kind: 'flag', alias: 'A', describe: 'All namespaces' },
};

export const LOOKED_RUN_OPTIONS: OptionTable = {
  seed: RUN_OPTIONS['seed'],
  kubernetes: RUN_OPTIONS['kubernetes'],
  set: RUN_OPTIONS['set'],
  scheduler: RUN_OPTIONS['scheduler'],
  plugin: RUN_OPTIONS['plugin'],
};
