/**
 * The single numbers of a run, each declared once: by group of report.json and in its order, with unit, direction,
 * meaning and source. Result, files, comparison, limits and docs follow from it, and tables where it says so. Loads
 * nothing of the simulator: reports read it, too.
 */
import type { Metric, RunBooks, RunEnd } from './metric.ts';

type Source = Metric['measure'];

/** Tables tell it in words and places of their own. */
function told(unit: string, meaning: string, measure: Source): Metric {
  return { unit, better: null, meaning, row: null, measure };
}

function compared(better: NonNullable<Metric['better']>, unit: string, meaning: string, measure: Source): Metric {
  return { ...told(unit, meaning, measure), better };
}

export const METRICS = {
  counts: {
    nodes: told('nodes', 'nodes at the end', ({ cluster }) => () => cluster.totals.nodesAlive),
    nodesAtStart: told('nodes', 'nodes at the start', ({ levels }) => () => levels.atStart),
    nodesPeak: told('nodes', 'most nodes at one time', ({ levels }) => () => levels.alive.peak),
    podsArrived: told(
      'pods', 'pods that the workload brought', ({ lives }) => () => lives.created - lives.replacements,
    ),
    podsScheduled: told('pods', 'pods bound to a node at least once', ({ lives }) => () => lives.scheduled),
    podsRunning: told(
      'pods',
      'pods with a node at the end, running there or starting: `pods.running` and `pods.starting` of the last line ' +
        'of `timeseries.csv`, less pods that others have replaced',
      () => ({ pods }) => pods.running,
    ),
    podsFinished: compared('higher', 'pods', 'pods that ran to their end', ({ lives }) => () => lives.finished),
    podsPending: compared('lower', 'pods', 'pods without a node at the end', () => ({ pods }) => pods.pending),
    podsLost: compared(
      'lower', 'pods', 'pods gone without finishing and without a replacement', () => ({ pods }) => pods.lost,
    ),
    podsReplaced: told(
      'pods', 'pods made to replace lost ones; not among `podsArrived`', ({ lives }) => () => lives.replacements,
    ),
    decisions: told('count', 'scheduling cycles', ({ scheduling }) => () => scheduling.decisions),
    decisionsUnschedulable: {
      ...compared(
        'lower', 'count', 'scheduling cycles that found no node',
        ({ scheduling }) => () => scheduling.unschedulableDecisions,
      ),
      isComparedLast: true,
    },
    events: {
      ...told('count', 'events of the simulation', ({ kernel }) => () => kernel.eventCount),
      row: { label: 'Simulation events', card: 'scheduling', unlessZero: false },
    },
    evictions: compared(
      'lower', 'count', 'pods taken off a node against their will',
      ({ lives }) => () => lives.evictions.reduce((sum, count) => sum + count, 0),
    ),
    nodeFailures: told('count', 'node crashes', ({ levels }) => () => levels.failures),
  },
  scheduling: {
    nodesFiltered: told(
      'count', 'filter verdicts on a node, without the one too many that ends a sampled search',
      ({ scheduling }) => () => scheduling.nodesFiltered,
    ),
    nodesScored: told(
      'count', 'score evaluations of a node', ({ scheduling }) => () => scheduling.nodesScored,
    ),
  },
  failures: {
    wastedPodSeconds: compared(
      'lower', 'pod-seconds', 'run time thrown away by evictions and crashes',
      ({ lives }) => () => lives.wastedPodSeconds(),
    ),
    usefulPodSeconds: told(
      'pod-seconds', 'run time that was not', ({ lives }) => () => lives.usefulPodSeconds(),
    ),
    nodeDownSeconds: told(
      'node-seconds', 'time that nodes were down, summed over nodes', ({ nodes }) => () => nodes.downSeconds(),
    ),
  },
  packing: {
    meanEmptyNodes: compared(
      'neither', 'nodes', 'nodes without a pod; time-weighted mean',
      ({ levels }) => ({ now }) => levels.means(now).meanEmptyNodes,
    ),
    meanNodes: compared(
      'lower', 'nodes', 'nodes; time-weighted mean', ({ levels }) => ({ now }) => levels.means(now).meanNodes,
    ),
  },
  autoscaling: {
    scaleUpEvents: told('count', 'steps that added nodes', () => ({ autoscaler }) => autoscaler.scaleUpEvents),
    scaleDownEvents: told('count', 'steps that removed nodes', () => ({ autoscaler }) => autoscaler.scaleDownEvents),
    nodesAdded: told('nodes', 'nodes added', () => ({ autoscaler }) => autoscaler.nodesAdded),
    nodesRemoved: told('nodes', 'nodes removed', () => ({ autoscaler }) => autoscaler.nodesRemoved),
  },
  cost: {
    nodeHours: compared(
      'lower', 'node-hours', 'node-hours of all nodes', ({ nodes }) => ({ now }) => nodes.cost(now).nodeHours,
    ),
    total: compared(
      'lower', '', "price of those hours, in the scenario's currency",
      ({ nodes }) => ({ now }) => nodes.cost(now).total,
    ),
  },
} satisfies Readonly<Record<string, Readonly<Record<string, Metric>>>>;

export type MetricGroup = keyof typeof METRICS;

/** A group's numbers, by name. */
export type Numbers<Group extends MetricGroup> = { readonly [Name in keyof (typeof METRICS)[Group]]: number };

export type MetricNumbers = { readonly [Group in MetricGroup]: Numbers<Group> };

const GROUPS: Readonly<Record<MetricGroup, Readonly<Record<string, Metric>>>> = METRICS;

/** Of a group, with their names in it, in its order. */
export function metricsIn(group: MetricGroup): readonly (readonly [name: string, metric: Metric])[] {
  return Object.entries(GROUPS[group]);
}

/** Path in report.json and metric; undefined: no single number has this path. */
export function metricAt(path: string): Metric | undefined {
  const dot = path.indexOf('.');
  const group = path.slice(0, dot);
  return Object.hasOwn(GROUPS, group) ? ownMetric(GROUPS[group as MetricGroup], path.slice(dot + 1)) : undefined;
}

function ownMetric(group: Readonly<Record<string, Metric>>, name: string): Metric | undefined {
  return Object.hasOwn(group, name) ? group[name] : undefined;
}

/** A group's numbers out of whatever holds them, in the group's order. */
export function numbersOf<Group extends MetricGroup>(group: Group, from: Numbers<Group>): Numbers<Group> {
  const values = from as Readonly<Record<string, number>>;
  return Object.fromEntries(Object.keys(METRICS[group]).map((name) => [name, values[name]])) as Numbers<Group>;
}

/** Begins to measure all of them; to be asked at the end. */
export function measureMetrics(books: RunBooks): (end: RunEnd) => MetricNumbers {
  const groups = Object.entries(GROUPS).map(([group, metrics]) => {
    const measures = Object.entries(metrics).map(([name, { measure }]) => [name, measure(books)] as const);
    return [group, measures] as const;
  });
  return (end) => {
    const numbers = groups.map(([group, measures]) => [
      group, Object.fromEntries(measures.map(([name, value]) => [name, value(end)])),
    ] as const);
    return Object.fromEntries(numbers) as MetricNumbers;
  };
}

/** Metrics with a row of their own in tables, and their values. */
export function metricRows(
  numbers: MetricNumbers,
): readonly { readonly row: NonNullable<Metric['row']>; readonly unit: string; readonly value: number }[] {
  return Object.entries(GROUPS).flatMap(([group, metrics]) => Object.entries(metrics).flatMap(([name, metric]) => {
    const value = (numbers[group as MetricGroup] as Readonly<Record<string, number>>)[name];
    if (metric.row === null || (value === 0 && metric.row.unlessZero)) return [];
    return [{ row: metric.row, unit: metric.unit, value }];
  }));
}
