/** Answers to what fits, for the terminal: who gets which node, who would have to go, what was lacking. */
import type { CompactionAnswer } from '../experiment/compaction.ts';
import type { MoreAnswer, PodAnswer, WhatIfAnswer } from '../experiment/what-if.ts';
import type { RoomAnswer } from '../experiment/room-left.ts';
import { formatCount, formatPlural } from './format.ts';
import { numberColumn, plainText, renderTable, renderText, textColumn } from './table.ts';
import type { Paint } from './table.ts';
import { formatAmount } from './why.ts';

/** Pods that are told one by one; of more, those of a kind that share a fate stand in one row. */
const MOST_PODS = 20;
const MOST_NODES = 20;
const MOST_VICTIMS = 5;

export function whatIfText(answer: WhatIfAnswer, paint: Paint): string {
  const { pods } = answer;
  const groups = pods.length <= MOST_PODS ? pods.map((pod) => [pod]) : byFate(pods);
  const columns = [textColumn('POD'), textColumn('OUTCOME'), textColumn('NODE'), textColumn('EVICTS')];
  const rows = groups.map((group) => [
    plainText(podsText(group)),
    outcomeText(group[0], paint),
    plainText(group[0].node ?? ''),
    plainText(victimsText(group.flatMap(({ victims }) => victims))),
  ]);
  const parts = [
    rows.length === 0 ? '' : renderTable(columns, rows, paint),
    refusalsText(pods, paint),
    renderText(summaryText(answer), paint),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Pods of one object with one outcome on one node, in order of the first. */
function byFate(pods: readonly PodAnswer[]): PodAnswer[][] {
  const groups = new Map<string, PodAnswer[]>();
  for (const pod of pods) {
    const key = JSON.stringify([pod.from, pod.namespace, pod.outcome, pod.node, pod.message]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [pod]);
    else group.push(pod);
  }
  return [...groups.values()];
}

function podsText(group: readonly PodAnswer[]): string {
  const [{ namespace, name }] = group;
  return group.length === 1 ? `${namespace}/${name}` : `${namespace}/${name} and ${formatCount(group.length - 1)} more`;
}

function outcomeText({ outcome }: PodAnswer, paint: Paint): string {
  if (outcome === 'fits') return paint.good(outcome);
  return outcome === 'waits' ? paint.bad(outcome) : paint.warn(outcome);
}

function victimsText(victims: readonly string[]): string {
  const more = victims.length - MOST_VICTIMS;
  return more > 0 ? `${victims.slice(0, MOST_VICTIMS).join(', ')} and ${formatCount(more)} more` : victims.join(', ');
}

/** The scheduler's words, each once. */
function refusalsText(pods: readonly PodAnswer[], paint: Paint): string {
  const refused = new Map<string, PodAnswer[]>();
  for (const pod of pods) {
    if (pod.message === '') continue;
    const group = refused.get(pod.message);
    if (group === undefined) refused.set(pod.message, [pod]);
    else group.push(pod);
  }
  const lines = [...refused].flatMap(([message, group]) => {
    const said = renderText(`${plainText(podsText(group))}: ${plainText(message)}`, paint);
    const { nearest } = group[0];
    if (nearest === null) return [said];
    const { node, resource, free, wanted, allocatable } = nearest;
    const [left, all, asked] = [free, allocatable, wanted].map((amount) => formatAmount(amount, resource));
    const text = `  nearest: ${node}: ${left} of ${all} ${resource} free, ${asked} wanted`;
    return [said, renderText(plainText(text), paint)];
  });
  return lines.join('\n');
}

function summaryText({ pods, nodes, kubernetes, more, podsWaitingBefore, podsPlacedBefore }: WhatIfAnswer): string {
  const count = (wanted: PodAnswer['outcome']): number => pods.filter(({ outcome }) => outcome === wanted).length;
  const [fitting, preempting] = [count('fits'), count('preempts')];
  const sentences = [
    `${formatCount(fitting)} of ${formatPlural(pods.length, 'pod')} ${fitting === 1 ? 'gets' : 'get'} a node now` +
      `${preempting === 0 ? '' : `, ${formatCount(preempting)} more once the evicted pods are gone`}` +
      ` (Kubernetes ${kubernetes}, ${formatPlural(nodes, 'node')}).`,
  ];
  if (podsWaitingBefore > 0) {
    const left = podsWaitingBefore - podsPlacedBefore;
    const before = `${formatPlural(podsWaitingBefore, 'pod')} waited in the cluster and had their turn first`;
    sentences.push(`${before}: ${formatCount(podsPlacedBefore)} got a node, ${formatCount(left)} did not.`);
  }
  if (more !== null) sentences.push(moreText(more, pods.length));
  return sentences.join(' ');
}

function moreText({ times, isAll }: MoreAnswer, pods: number): string {
  const what = pods === 1 ? formatPlural(times, 'more pod') : `${formatPlural(times, 'more time')} as many`;
  if (times === 0) return pods === 1 ? 'Not one more would fit.' : 'As many again would not fit.';
  return `${isAll ? '' : 'At least '}${what} would fit.`;
}

export function roomText(answer: RoomAnswer, paint: Paint): string {
  const { nodes, message, wouldPreempt, kubernetes } = answer;
  const ranked = [...nodes].sort((a, b) => b.pods - a.pods);
  const shown = ranked.slice(0, MOST_NODES);
  const columns = [
    textColumn('NODE'),
    numberColumn('MORE PODS'),
    textColumn('LIMIT'),
    ...['CPU LEFT', 'MEMORY LEFT', 'PODS LEFT'].map(numberColumn),
  ];
  const rows = shown.map(({ node, pods, limits, free }) => [
    plainText(node),
    formatCount(pods),
    plainText(limits.join(', ')),
    ...['cpu', 'memory', 'pods'].map((resource) => formatAmount(free[resource] ?? 0, resource)),
  ]);
  if (ranked.length > shown.length) rows.push([`and ${formatPlural(ranked.length - shown.length, 'more node')}`]);
  const used = nodes.filter(({ pods }) => pods > 0).length;
  const where = `on ${formatCount(used)} of ${formatPlural(nodes.length, 'node')} (Kubernetes ${kubernetes})`;
  const sentences = [`${fitText(answer)} ${answer.pods === 1 ? 'fits' : 'fit'} ${where}.`];
  if (wouldPreempt) sentences.push('The next one would push others out.');
  const parts = [
    rows.length === 0 ? '' : renderTable(columns, rows, paint),
    message === '' ? '' : renderText(plainText(message), paint),
    renderText(sentences.join(' '), paint),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function fitText({ isAll, pods, podsEach, times }: RoomAnswer): string {
  const sets = podsEach === 1 ? '' : `, ${formatCount(times)} times all ${formatCount(podsEach)},`;
  return `${isAll ? '' : 'At least '}${formatPlural(pods, 'more pod')}${sets}`;
}

const MOST_TRIALS = 50;

export function compactionText(answer: CompactionAnswer, paint: Paint): string {
  const { trials, nodes, podsMoved, podsOfNodes, podsLeftOut, nodesNeeded, kubernetes } = answer;
  const rows = trials
    .slice(0, MOST_TRIALS)
    .map(({ seed, nodes: needed }) => [
      plainText(seed),
      needed === null ? paint.bad(`more than ${formatCount(nodes)}`) : formatCount(needed),
    ]);
  if (trials.length > rows.length) rows.push([`and ${formatPlural(trials.length - rows.length, 'more order')}`]);
  const holding = trials.filter((trial) => trial.nodes !== null).length;
  const sentences = [
    nodesNeeded === null
      ? `In no order do the ${formatPlural(nodes, 'node')} hold ${formatPlural(podsMoved, 'pod')}`
      : `${spanText(nodesNeeded)} of ${formatPlural(nodes, 'node')} ${nodesNeeded.max === 1 ? 'holds' : 'hold'} ${formatPlural(podsMoved, 'pod')}` +
        ` (Kubernetes ${kubernetes}; median ${formatCount(nodesNeeded.median)}, 90% ${formatCount(nodesNeeded.p90)})`,
  ];
  if (nodesNeeded !== null && holding < trials.length)
    sentences.push(`in ${formatPlural(trials.length - holding, 'order')} not even all nodes do`);
  if (podsOfNodes > 0) sentences.push(`${formatPlural(podsOfNodes, 'pod')} of DaemonSets stay with their nodes`);
  if (podsLeftOut > 0) sentences.push(`${formatPlural(podsLeftOut, 'pod')} left out: no node, or being deleted`);
  const table = renderTable([textColumn('ORDER'), numberColumn('NODES')], rows, paint);
  return `${table}\n\n${renderText(`${sentences.join('; ')}.`, paint)}\n`;
}

function spanText({ min, max }: NonNullable<CompactionAnswer['nodesNeeded']>): string {
  return min === max ? formatCount(min) : `${formatCount(min)} to ${formatCount(max)}`;
}
