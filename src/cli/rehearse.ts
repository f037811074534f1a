/** `podyard rehearse`: what happens to one's own cluster when one drains, upgrades or loses a part of it. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions, OptionTable } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

const { seed, kubernetes, set, scheduler, plugin, out, force, check, plain, progress, quiet } = RUN_OPTIONS;

const STEP_OPTIONS: OptionTable = grouped('What is rehearsed', {
  drain: {
    kind: 'list',
    value: 'NODE,...',
    describe: 'kubectl drain: nodes, pool=NAME or selector=KEY=VALUE, and force, delete-emptydir-data, timeout=5m; repeatable',
  },
  cordon: { kind: 'list', value: 'NODE,...', describe: 'kubectl cordon, nodes as for --drain; repeatable' },
  kill: { kind: 'list', value: 'NODE,...', describe: 'The machines stop; for=10m: and come back; repeatable' },
  outage: { kind: 'list', value: 'zone=NAME,...', describe: 'A zone is lost; for=2h: and comes back; repeatable' },
  upgrade: {
    kind: 'list',
    value: 'pool=NAME,...',
    describe: 'Nodes are replaced one for one: surge=1 or 33%, max-unavailable=0, provisioning=2m, drain-timeout=1h; repeatable',
  },
  rollout: { kind: 'list', value: 'KIND/NAME,...', describe: 'A new pod template, with --image or as a restart; namespace=NAME; repeatable' },
  image: { kind: 'text', describe: 'Image of the --rollout; :v2 changes the tag alone' },
  at: { kind: 'text', value: 'TIME', fallback: '1m', describe: 'When the steps begin, one after the other where each has its time' },
});

const VERDICT_OPTIONS: OptionTable = grouped('When it has failed', {
  slo: {
    kind: 'text',
    value: 'availability=99.9',
    describe:
      'Exit code 99 when a budget was kept, or a Service or workload had a pod, for less of the time (per cent)',
  },
  'fail-if': {
    kind: 'list',
    value: 'WHAT',
    describe:
      'Exit code 99 when: blocked, broken, pending, lost, unhealed, or heal>10m, unavailable>600 (pod-seconds); repeatable',
  },
  duration: {
    kind: 'text',
    value: 'TIME',
    describe: 'Longest simulated time; of a dump 24h, else as the scenario has it',
  },
});

export const REHEARSE: Command = {
  usage: 'rehearse <input>',
  summary: 'Rehearse a drain, an upgrade or an outage on a cluster of yours',
  positionals: [
    {
      name: 'input',
      describe: 'Output of kubectl get nodes,pods,deploy,rs,sts,ds,job,pdb,pv,pvc,sc,svc -A -o yaml, or a scenario',
    },
  ],
  options: {
    ...STEP_OPTIONS,
    ...VERDICT_OPTIONS,
    output: { kind: 'text', alias: 'o', choices: ['table', 'json'], fallback: 'table', describe: 'What to print' },
    seed,
    kubernetes,
    set,
    scheduler,
    plugin,
    out,
    force,
    check,
    plain,
    progress,
    quiet,
  },
  examples: [
    ['$0 rehearse c.yaml --drain node-7,delete-emptydir-data', 'who is in the way, and what waits for a node'],
    ['$0 rehearse c.yaml --upgrade pool=general,surge=33% --out out/upgrade', 'with a page that shows every node'],
    ['$0 rehearse c.yaml --outage zone=eu-1a,for=2h --slo availability=99.9', 'exit code 99 when it is not kept'],
    ['$0 rehearse day.yaml --fail-if blocked --fail-if "heal>10m"', 'the steps of a scenario, in CI'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeRehearsal } = await import('./execute-rehearsal.ts');
    return executeRehearsal(given, context);
  },
};

function grouped(group: string, table: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, { ...spec, group }]));
}
