/**
 * Plays a scenario twice: once to know the pod's decisions, once more up to the one that is asked about. The same seed
 * gives the same run, so nothing has to be kept.
 */
import { InputError } from '../base/input-error.ts';
import { assert } from '../base/assert.ts';
import type { AskedPod } from '../simulation/asked-pods.ts';
import { Explainer } from '../experiment/explanation.ts';
import type { Explanation } from '../experiment/explanation.ts';
import { createInputFiles } from '../io/input-files.ts';
import { locateInFile } from '../io/configuration-places.ts';
import { explanationRows, explanationText } from '../report/explanation-table.ts';
import type { SortOrder } from '../report/explanation-table.ts';
import { csvText } from '../report/csv.ts';
import { writeJson } from '../report/json.ts';
import { paintFor } from '../report/table.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { SchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { momentOfRun } from '../simulation/cluster-moment.ts';
import type { ClusterMoment } from '../simulation/cluster-moment.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { readConfigurationFile } from '../simulation/scenario-reader.ts';
import { parseDuration } from '../base/duration.ts';
import type { Simulation } from '../simulation/simulation.ts';
import { StillCluster } from '../simulation/still-cluster.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import { tellWarnings } from './failures.ts';
import { locatedRun } from './located-run.ts';
import type { GivenOptions } from './options.ts';
import { wrongDuration } from './options.ts';
import { readScenarioFor } from './scenario-input.ts';

export async function executeExplain(given: GivenOptions, context: CommandContext): Promise<number> {
  const at = givenTime(given);
  if (at !== null && given.flag('last')) throw new InputError({ message: '--at and --last: expected one of them' });
  const { scenario, locate } = await readScenarioFor(given.positional('scenario'), given, context);
  const { userPlugins, make } = await locatedRun({ scenario, locate }, context);
  const registry = pluginRegistry(userPlugins);
  const source = { registry, kubernetes: scenario.kubernetes };
  const configuration = decodeSchedulerConfiguration(scenario.scheduler.configuration, { ...source, locate });
  const otherFile = given.text('counterfactual');
  const other = otherFile === null ? null : configurationIn(otherFile, source, context);
  const pod = given.positional('pod');
  const wanted = decisionOf(make(), pod, at ?? Infinity);
  const { explanation, moment, start } = explainDecision(make(), wanted, { scenario, configuration, pod });
  const counterfactual =
    other === null ? null : decideOtherwise(moment, explanation, start, { configuration: other, registry, scenario });
  print({ explanation, counterfactual }, given, context);
  return EXIT_OK;
}

function givenTime(given: GivenOptions): number | null {
  const text = given.text('at');
  const micros = text === null ? null : parseDuration(text);
  if (micros === undefined) {
    throw new InputError(wrongDuration('--at', text));
  }
  return micros;
}

type ConfigurationSource = Parameters<typeof decodeSchedulerConfiguration>[1];

function configurationIn(file: string, source: ConfigurationSource, context: CommandContext): SchedulerConfiguration {
  const files = createInputFiles();
  if (!files.isFile(file)) throw new InputError({ message: `--counterfactual: no such file: ${file}` });
  const { value, warnings } = readConfigurationFile(file, files);
  tellWarnings(warnings, context);
  return decodeSchedulerConfiguration(value, { ...source, locate: locateInFile(file) });
}

/** Whether a pod is the one that is named. */
function isNamed(simulation: Simulation, wanted: string): (pod: number) => boolean {
  const { cluster } = simulation.parts;
  const slash = wanted.indexOf('/');
  const name = wanted.slice(slash + 1);
  const namespace = slash < 0 ? null : wanted.slice(0, slash);
  return (pod) =>
    cluster.podName(pod) === name && (namespace === null || cluster.templateOf(pod).namespace === namespace);
}

/** Which of the pod's decisions, counted from 1, is the last one up to `until`. */
function decisionOf(simulation: Simulation, pod: string, until: number): number {
  const { cluster, scheduler, kernel } = simulation.parts;
  const isIt = isNamed(simulation, pod);
  const names = new Set<string>();
  let isThere = false;
  let decisions = 0;
  let chosen = 0;
  cluster.observe({
    podCreated: (row) => {
      if (isIt(row)) {
        isThere = true;
        names.add(cluster.templateOf(row).namespace);
      }
    },
  });
  scheduler.listeners.push({
    deciding: (row) => {
      if (!isIt(row)) return;
      decisions++;
      if (kernel.now <= until) chosen = decisions;
    },
  });
  simulation.advance();
  if (!isThere) throw new InputError({ message: `the run has no pod ${pod}` });
  if (names.size > 1) {
    const all = [...names].join(', ');
    const message = `pods called ${pod} are in several namespaces (${all}): name one, as namespace/name`;
    throw new InputError({ message });
  }
  if (chosen > 0) return chosen;
  const message = decisions > 0 ? `the scheduler has not come to ${pod} by then` : `the scheduler never came to ${pod}`;
  throw new InputError({ message });
}

interface Explained {
  readonly explanation: Explanation;
  /** The cluster as the decision found it. */
  readonly moment: ClusterMoment;
  /** Where the search for nodes began. */
  readonly start: number;
}

interface Asked {
  readonly scenario: Scenario;
  readonly configuration: SchedulerConfiguration;
  readonly pod: string;
}

/** Plays up to the decision and stops behind it. */
function explainDecision(simulation: Simulation, wanted: number, { scenario, configuration, pod }: Asked): Explained {
  const { kernel, cluster, scheduler } = simulation.parts;
  const explainer = explainerOf(simulation, scenario, configuration);
  const isIt = isNamed(simulation, pod);
  const found: { explained: Explained | null } = { explained: null };
  let decisions = 0;
  scheduler.listeners.push({
    deciding: (row) => {
      if (!isIt(row) || ++decisions !== wanted) return;
      found.explained = {
        explanation: explainer.explain(row),
        moment: momentOfRun(cluster, scheduler.cache, scenario),
        start: scheduler.algorithm.nextStartNodeIndex,
      };
      kernel.stop();
    },
  });
  while (found.explained === null && simulation.advance());
  assert(found.explained !== null, 'a run that is played again has the same decisions');
  return found.explained;
}

export function explainerOf(
  { parts: { kernel, scheduler } }: Simulation,
  { scheduler: { tieBreak, sampling } }: Scenario,
  { percentageOfNodesToScore }: SchedulerConfiguration,
): Explainer {
  return new Explainer(kernel, scheduler, { percentageOfNodesToScore, tieBreak, sampling });
}

interface Otherwise {
  readonly configuration: SchedulerConfiguration;
  readonly registry: ReturnType<typeof pluginRegistry>;
  readonly scenario: Scenario;
}

/** The same pod in the same cluster under another configuration. */
function decideOtherwise(
  moment: ClusterMoment,
  { namespace, pod: name }: Explanation,
  start: number,
  { configuration, registry, scenario }: Otherwise,
): Explanation | null {
  const { tieBreak, sampling } = scenario.scheduler;
  const isIt = (pod: { readonly namespace: string; readonly name: string }): boolean =>
    pod.name === name && pod.namespace === namespace;
  const own = moment.pods.find((pod) => isIt(pod) && pod.nodeName === '');
  assert(own !== undefined, 'a pod that is being decided on waits');
  // The others that wait are not decided on; those that are nominated to a node count there.
  const pods = moment.pods.filter((pod) => pod !== own && (pod.nodeName !== '' || pod.nominatedNodeName !== ''));
  const options = { configuration, registry, tieBreak, sampling, plain: true, seed: scenario.seed };
  const still = new StillCluster({ ...moment, pods }, options);
  still.scheduler.algorithm.nextStartNodeIndex = start;
  const { percentageOfNodesToScore } = configuration;
  const explainer = new Explainer(still.kernel, still.scheduler, { percentageOfNodesToScore, tieBreak, sampling });
  const asked: AskedPod = { from: `Pod/${name}`, namespace, name, pod: own.pod, pinnedNodeName: own.pinnedNodeName };
  const found: { explanation: Explanation | null } = { explanation: null };
  const row = still.create(asked);
  still.scheduler.listeners.push({
    deciding: (pod) => {
      if (pod === row) found.explanation ??= explainer.explain(pod);
    },
  });
  still.giveTurns(1 + still.waiting.length);
  return found.explanation;
}

interface Answer {
  readonly explanation: Explanation;
  readonly counterfactual: Explanation | null;
}

function print({ explanation, counterfactual }: Answer, given: GivenOptions, { terminal }: CommandContext): void {
  const order = (given.text('sort') ?? 'total') as SortOrder;
  const format = given.text('output');
  const isCut = format === 'table' || given.isGiven('limit');
  const limit = isCut ? (given.number('limit') ?? Infinity) : Infinity;
  if (format === 'json') {
    terminal.out(`${writeJson({ ...explanation, counterfactual }, '')}\n`);
    return;
  }
  if (format === 'csv') {
    terminal.out(csvText(explanationRows(counterfactual ?? explanation, order, limit)));
    return;
  }
  const paint = paintFor(terminal.hasColor('out'), terminal.width);
  terminal.out(explanationText(explanation, order, limit, paint));
  if (given.text('counterfactual') === null) return;
  const told =
    counterfactual === null
      ? 'it has no profile for the pod.\n'
      : explanationText({ ...counterfactual, atMicros: explanation.atMicros }, order, limit, paint);
  terminal.out(`\n${paint.strong('Under the other configuration:')} ${told}`);
}
