/** The checks of `podyard validate` beyond reading the scenario, and its few lines of summary. */
import { formatCount, formatPlural, formatSeconds } from '../report/format.ts';
import { paintFor, plainText, renderFacts } from '../report/table.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { CommandContext } from './command.ts';
import { tellWarnings } from './failures.ts';
import { locatedRun } from './located-run.ts';
import type { GivenOptions } from './options.ts';
import { readScenarioFor } from './scenario-input.ts';
import type { Terminal } from './terminal.ts';

/** Everything that a run would refuse is refused here, too. */
export async function checkedScenario(path: string, given: GivenOptions, context: CommandContext): Promise<Scenario> {
  const { scenario, locate, notSimulated } = await readScenarioFor(path, given, context);
  const { make } = await locatedRun({ scenario, locate }, context);
  tellWarnings([...notSimulated(), ...make().warnings], context);
  return scenario;
}

/** `OK path`, then a line for each part that the scenario has. */
export function summaryOf(path: string, scenario: Scenario, terminal: Terminal): string {
  const paint = paintFor(terminal.hasColor('out'), terminal.width);
  const pooled = scenario.nodePools.reduce((sum, pool) => sum + pool.count, 0);
  const facts: [string, string][] = [
    ['  name', plainText(scenario.name)],
    ['  seed', plainText(scenario.seed)],
    ['  kubernetes', scenario.kubernetes],
    [
      '  length',
      scenario.durationMicros === null
        ? 'until nothing can change any more'
        : formatSeconds(scenario.durationMicros / 1e6),
    ],
    ['  nodes', `${formatCount(pooled + scenario.nodes.length)}${nodesText(scenario)}`],
    ...(scenario.workloads.length === 0
      ? []
      : ([['  workloads', scenario.workloads.map(({ name, kind }) => `${name} (${kind})`).join(', ')]] as [
          string,
          string,
        ][])),
    ...(scenario.objects.length === 0 ? [] : ([['  objects', kindsText(scenario)]] as [string, string][])),
    ...(Object.keys(scenario.ignoredKinds).length === 0
      ? []
      : ([['  ignored', ignoredText(scenario)]] as [string, string][])),
    ...(scenario.trace === null
      ? []
      : ([
          [
            '  trace',
            `${scenario.trace.file} (${scenario.trace.format}${scenario.trace.compress === 1 ? '' : `, arrival times divided by ${String(scenario.trace.compress)}`})`,
          ],
        ] as [string, string][])),
    ['  scheduler', schedulerText(scenario)],
    ...(scenario.failures.length === 0
      ? []
      : ([['  failures', scenario.failures.map(({ name }) => name).join(', ')]] as [string, string][])),
    ...(scenario.autoscaler === null ? [] : ([['  autoscaler', 'on']] as [string, string][])),
  ];
  const shown = facts.map(([name, value]): [string, string] => [name, plainText(value)]);
  return `${paint.good('OK')} ${plainText(path)}\n${renderFacts(shown, paint)}\n`;
}

function nodesText({ nodePools, nodes }: Scenario): string {
  const parts = nodePools.map(
    ({ name, count, autoscaling }) =>
      `${name} ${formatCount(count)}${autoscaling === null ? '' : ` to ${formatCount(autoscaling.max)}`}`,
  );
  if (nodes.length > 0) parts.push(`${formatCount(nodes.length)} from files`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function kindsText({ objects }: Scenario): string {
  const counts = new Map<string, number>();
  for (const { kind = '?' } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${formatCount(count)} ${kind}`).join(', ');
}

function ignoredText({ ignoredKinds }: Scenario): string {
  return Object.entries(ignoredKinds).map(([kind, count]) => `${formatCount(count)} ${plainText(kind)}`).join(', ');
}

function schedulerText({ scheduler }: Scenario): string {
  const configuration =
    scheduler.configurationFile ??
    (scheduler.configuration === null ? "Kubernetes' defaults" : 'configured in the scenario');
  const plugins =
    scheduler.pluginFiles.length === 0 ? '' : `, ${formatPlural(scheduler.pluginFiles.length, 'plugin file')}`;
  return `${configuration}${plugins}`;
}
