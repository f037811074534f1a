/**
 * Explains a decision from what was kept of a run, or plays its scenario twice: once to know the pod's decisions, once
 * more up to the one that is asked about. The same seed gives the same run, so nothing has to be kept.
 */
import { InputError } from '../base/input-error.ts';
import { assert } from '../base/assert.ts';
import type { AskedPod } from '../simulation/asked-pods.ts';
import { keptDecisionsOf } from '../experiment/kept-decisions.ts';
import type { PodDecisions } from '../experiment/kept-decisions.ts';
import { explainKept } from '../experiment/kept-explanation.ts';
import { Explainer } from '../experiment/explanation.ts';
import type { Explanation } from '../experiment/explanation.ts';
import { createInputFiles } from '../io/input-files.ts';
import { locateInFile } from '../io/configuration-places.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { explanationRows, explanationText } from '../report/explanation-table.ts';
import type { SortOrder } from '../report/explanation-table.ts';
import { csvText } from '../report/csv.ts';
import { writeJson } from '../report/json.ts';
import { paintFor } from '../report/table.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { SchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
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
import { checkPlayedAgain, playedAgain, readRun } from './run-folder.ts';
import type { ReadRun } from './run-folder.ts';

export async function executeExplain(given: GivenOptions, context: CommandContext): Promise<number> {
  const at = givenTime(given);
  if (at !== null && given.flag('last')) throw new InputError({ message: '--at and --last: expected one of them' });
  const run = await readRun(given.positional('scenario'), given, context);
  const { scenario, locate } = run;
  const plugins = run.kept === null ? await loadPluginFiles(scenario.scheduler.pluginFiles, inTreePluginNames()) : [];
  const registry = pluginRegistry(plugins);
  const source = { registry, kubernetes: scenario.kubernetes };
  const configuration = decodeSchedulerConfiguration(scenario.scheduler.configuration, { ...source, locate });
  const otherFile = given.text('counterfactual');
  const other = otherFile === null ? null : configurationIn(otherFile, source, context);
  const asked = { run, configuration, registry, pod: given.positional('pod'), until: at ?? Infinity };
  const { explanation, moment, start } = fromKept(asked, other !== null, context) ?? await fromReplay(asked, context);
  const counterfactual =
    other === null ? null : decideOtherwise(moment(), explanation, start, { configuration: other, registry, scenario });
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

interface Asked {
  readonly run: ReadRun;
  readonly configuration: SchedulerConfiguration;
  readonly registry: ReturnType<typeof pluginRegistry>;
  readonly pod: string;
  /** Micros. */
  readonly until: number;
}

/** null: nothing was kept, or what is asked for is not in it, which is said. */
function fromKept(asked: Asked, withMoment: boolean, context: CommandContext): Explained | null {
  const { run: { kept, scenario }, pod, until } = asked;
  if (kept === null) return null;
  const isLate = scenario.controlPlane.watchDelaySeconds.scheduler !== null;
  if (withMoment && isLate) return playedAgain('what a late scheduler had not seen', context);
  const decision = lastDecision(keptDecisionsOf(kept.log, pod, until), pod);
  if (kept.gap !== '') return playedAgain(kept.gap, context);
  const found = explainKept(kept.log, decision, { ...asked, scenario });
  if (found === null) return playedAgain('something that this decision depends on', context);
  const { explanation, cluster } = found;
  return { explanation, moment: () => cluster.moment(), start: cluster.scheduler.algorithm.nextStartNodeIndex };
}

/** Plays the run twice. */
async function fromReplay({ run, configuration, pod, until }: Asked, context: CommandContext): Promise<Explained> {
  const { make } = await locatedRun(run, context);
  const whole = make();
  const decisions = decisionsOf(whole, pod, until);
  checkPlayedAgain(run, whole.parts.kernel.digest.hex());
  const wanted = lastDecision(decisions, pod);
  return explainDecision(make(), wanted, { scenario: run.scenario, configuration, pod });
}

/** The decision that is asked about. Throws InputError where there is none. */
function lastDecision<Decision>({ namespaces, count, last }: PodDecisions<Decision>, pod: string): Decision {
  if (namespaces.size === 0) {
    const hint = 'podyard get RUN pods --at TIME lists those of a moment';
    throw new InputError({ message: `the run has no pod ${pod} (${hint})` });
  }
  if (namespaces.size > 1) {
    const all = [...namespaces].join(', ');
    const message = `pods called ${pod} are in several namespaces (${all}): name one, as namespace/name`;
    throw new InputError({ message });
  }
  if (last !== null) return last;
  const message = count > 0 ? `the scheduler has not come to ${pod} by then` : `the scheduler never came to ${pod}`;
  throw new InputError({ message });
}

/** Which of the pod's decisions, counted from 1, is the last one up to `until`. */
function decisionsOf(simulation: Simulation, pod: string, until: number): PodDecisions<number> {
  const { cluster, schedulers, kernel } = simulation.parts;
  const isIt = isNamed(simulation, pod);
  const namespaces = new Set<string>();
  let [count, last] = [0, 0];
  cluster.observe({
    podCreated: (row) => {
      if (isIt(row)) namespaces.add(cluster.templateOf(row).namespace);
    },
  });
  const deciding = (row: number): void => {
    if (!isIt(row)) return;
    count++;
    if (kernel.now <= until) last = count;
  };
  for (const { listeners } of schedulers) listeners.push({ deciding });
  simulation.advance();
  return { namespaces, count, last: last === 0 ? null : last };
}

interface Explained {
  readonly explanation: Explanation;
  /** The cluster as the decision found it. */
  readonly moment: () => ClusterMoment;
  /** Where the search for nodes began. */
  readonly start: number;
}

interface Played {
  readonly scenario: Scenario;
  readonly configuration: SchedulerConfiguration;
  readonly pod: string;
}

/** Plays up to the decision and stops behind it. */
function explainDecision(simulation: Simulation, wanted: number, { scenario, configuration, pod }: Played): Explained {
  const { kernel, cluster, schedulers } = simulation.parts;
  const isIt = isNamed(simulation, pod);
  const found: { explained: Explained | null } = { explained: null };
  let decisions = 0;
  for (const scheduler of schedulers) {
    const explainer = explainerOf(kernel, scheduler, scenario, configuration);
    scheduler.listeners.push({
      deciding: (row) => {
        if (!isIt(row) || ++decisions !== wanted) return;
        const moment = momentOfRun(cluster, [scheduler.cache], scenario);
        found.explained = {
          explanation: explainer.explain(row),
          moment: () => moment,
          start: scheduler.algorithm.nextStartNodeIndex,
        };
        kernel.stop();
      },
    });
  }
  while (found.explained === null && simulation.advance());
  assert(found.explained !== null, 'a run that is played again has the same decisions');
  return found.explained;
}

export function explainerOf(
  kernel: Kernel,
  scheduler: Scheduler,
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
