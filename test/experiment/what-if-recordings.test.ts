// Asked one pod after the other on the recorded clusters, a cluster that stands still answers what kube-scheduler did:
// the node, the text of FailedScheduling letter for letter, and whom it would have preempted; one more fits where it found
// a node. And the explanation of each decision has the real verdict on every node and the real score of every plugin.
import { describe, expect, test } from 'vitest';
import { isKubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import { EvictionCause } from '../../src/cluster/cluster.ts';
import type { KubernetesObject, Node, Pod } from '../../src/cluster/objects.ts';
import { parseTimestamp } from '../../src/base/timestamp.ts';
import { podKey } from '../../src/conformance/vector-lines.ts';
import type { RecordedDecision, RecordedStatus, VectorHeader, VectorLine } from '../../src/conformance/vector-lines.ts';
import { Explainer } from '../../src/experiment/explanation.ts';
import type { ExplainedNode, Explanation } from '../../src/experiment/explanation.ts';
import { askRoom } from '../../src/experiment/room-left.ts';
import type { RoomAnswer } from '../../src/experiment/room-left.ts';
import { askWhatIf } from '../../src/experiment/what-if.ts';
import type { PodAnswer } from '../../src/experiment/what-if.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import type { ClusterMoment, MomentPod } from '../../src/simulation/cluster-moment.ts';
import { StillCluster } from '../../src/simulation/still-cluster.ts';
import type { AskedPod } from '../../src/simulation/asked-pods.ts';
import { recordingText, recordingsBelow } from '../support/recordings.ts';
import { sized } from '../support/thorough.ts';

// Left out: suites whose nodes come and go (the scheduler keeps an order of nodes that no object tells of),
// and volumes, whose recorded cluster has no volume controller.
const SUITES =
  /\/(args|images|interpod|mixed|nodeaffinity|ports|preemption|profiles|resources|spread|spread-default|taints)\.jsonl/;
/** Each decision costs a cluster of its own: so many of a suite are asked again, evenly spread. */
const ASKED_OF_A_SUITE = 60;

interface Asked {
  readonly answer: PodAnswer;
  /** Of its first cycle. */
  readonly explanation: Explanation | null;
}

/** The recorded cluster as objects, and the scheduler's place in the list of nodes. */
class RecordedCluster {
  readonly nodes = new Map<string, Node>();
  readonly pods = new Map<string, Pod>();
  readonly others = new Map<string, KubernetesObject>();
  start = 0;
  /** How many nodes have an image is counted when a node changes: from then on the objects do not tell it. */
  hasImageHistory = false;
  private readonly header: VectorHeader;
  private readonly kubernetes: KubernetesVersion;

  constructor(header: VectorHeader) {
    this.header = header;
    const version = /v?(\d+\.\d+)/.exec(header.kubernetes ?? '')?.[1] ?? '';
    if (!isKubernetesVersion(version)) throw new Error(`a recording of ${version}`);
    this.kubernetes = version;
  }

  /** false: the line needs more than objects. */
  apply(line: VectorLine): boolean {
    if (line.op === 'create' || line.op === 'update') this.put(line.object, line.op === 'update');
    else if (line.op === 'delete') this.delete(line.kind, line.name);
    else return false;
    return true;
  }

  bind(pod: Pod, node: string): void {
    const status = { ...pod.status, nominatedNodeName: '' };
    this.pods.set(podKey(pod), { ...pod, spec: { ...pod.spec, nodeName: node }, status });
  }

  ask(pod: Pod): Asked {
    const { still, asked, explainer } = this.standingStill(pod);
    let explanation: Explanation | null = null;
    still.scheduler.listeners.push({ deciding: (row) => { explanation ??= explainer.explain(row); } });
    return { answer: askWhatIf(still, [asked], 0).pods[0], explanation };
  }

  /** Whether one more of these pods fits. */
  askRoom(pod: Pod): RoomAnswer {
    const { still, asked } = this.standingStill(pod);
    return askRoom(still, [asked], 1);
  }

  private standingStill(pod: Pod): { readonly still: StillCluster; readonly asked: AskedPod; readonly explainer: Explainer } {
    const registry = pluginRegistry([]);
    const { kubernetes } = this;
    const configuration = decodeSchedulerConfiguration(this.header.config, { registry, kubernetes });
    const options = { tieBreak: 'upstream', sampling: true } as const;
    const still = new StillCluster(this.moment(), {
      configuration,
      registry,
      plain: false,
      seed: 'recorded',
      ...options,
    });
    still.scheduler.algorithm.nextStartNodeIndex = this.start;
    const { percentageOfNodesToScore } = configuration;
    const explainer = new Explainer(still.kernel, still.scheduler, { percentageOfNodesToScore, ...options });
    const { name = '', namespace = 'default' } = pod.metadata ?? {};
    const stored = { ...pod, spec: { priority: 0, ...pod.spec }, status: pod.status ?? {} };
    const asked = { from: `Pod/${name}`, name, namespace, pod: stored, pinnedNodeName: '' };
    return { still, asked, explainer };
  }

  private put(object: KubernetesObject, keepsStatus: boolean): void {
    const name = object.metadata?.name ?? '';
    const before = object.kind === 'Node' ? this.nodes.get(name) : this.pods.get(podKey(object));
    const status = (object as Pod).status ?? (keepsStatus ? before?.status : undefined);
    const whole = status === undefined ? object : { ...object, status };
    if (object.kind === 'Node' && before !== undefined) this.hasImageHistory = true;
    if (object.kind === 'Node') this.nodes.set(name, whole);
    else if (object.kind === 'Pod') this.pods.set(podKey(object), whole);
    else this.others.set(`${object.kind ?? ''} ${object.metadata?.namespace ?? ''}/${name}`, object);
  }

  private delete(kind: string, name: string): void {
    if (kind === 'Node') this.nodes.delete(name);
    else if (kind === 'Pod') this.pods.delete(name);
    else this.others.delete(`${kind} ${name.includes('/') ? name : `/${name}`}`);
  }

  private moment(): ClusterMoment {
    return {
      kubernetes: this.kubernetes,
      nodes: [...this.nodes.values()],
      objects: [...this.others.values()],
      pods: [...this.pods.values()].filter(({ spec }) => (spec?.nodeName ?? '') !== '').map(momentPod),
      priorityClasses: {},
      nodeLifecycle: { defaultTolerationSeconds: 300 } as ClusterMoment['nodeLifecycle'],
      podsWithoutNode: 0,
    };
  }
}

function momentPod(pod: Pod): MomentPod {
  const { nodeName = '', ...spec } = pod.spec ?? {};
  return {
    namespace: pod.metadata?.namespace ?? 'default',
    name: pod.metadata?.name ?? '',
    pod: { ...pod, spec: { priority: 0, ...spec }, status: pod.status ?? {} },
    nodeName,
    pinnedNodeName: '',
    nominatedNodeName: '',
    startTime: parseTimestamp(pod.status?.startTime ?? '') ?? null,
    deletion: pod.metadata?.deletionTimestamp === undefined ? null : EvictionCause.Api,
  };
}

/** What of the answer differs from the recorded decision; '' when nothing does. */
function difference(expected: RecordedDecision, { outcome, node, message, victims }: PodAnswer): string {
  if ((expected.node ?? null) !== null) {
    return outcome === 'fits' && node === expected.node ? '' : `node ${String(expected.node)}, not ${String(node)}`;
  }
  if (outcome === 'fits') return `no node, not ${String(node)}`;
  const { preemption } = expected;
  const best = preemption?.best ?? [];
  if (best.length > 0) {
    const wanted = preemption?.candidates?.find((candidate) => candidate.node === node)?.victims ?? [];
    if (outcome !== 'preempts' || node === null || !best.includes(node))
      return `preempts on ${best.join(' or ')}, not ${String(node)}`;
    const [a, b] = [wanted, victims].map((pods) => [...pods].sort(byText).join());
    return a === b ? '' : `victims ${a}, not ${b}`;
  }
  if (outcome !== 'waits') return `waits, not ${outcome}`;
  const whole = preemption?.message;
  const wanted = whole ?? expected.message ?? '';
  // Recorded with DefaultPreemption as the only PostFilter plugin; by default DynamicResources speaks before it.
  const got = message.replace(' no new claims to deallocate, preemption:', ' preemption:');
  return (whole === undefined ? got.startsWith(wanted) : got === wanted) ? '' : `${wanted}\nnot\n${message}`;
}

/** What of the room that is left differs: one more fits where the recorded decision found a node, and on that node. */
function roomDifference(expected: RecordedDecision, { times, nodes, wouldPreempt, message }: RoomAnswer): string {
  const wanted = expected.node ?? null;
  if (wanted !== null) {
    const got = nodes.filter(({ pods }) => pods > 0).map(({ node }) => node);
    return times === 1 && got.join() === wanted ? '' : `room on ${wanted}, not on ${got.join() || 'none'}`;
  }
  if (times !== 0) return `no room, not ${String(times)}`;
  if (wouldPreempt !== (expected.preemption?.best ?? []).length > 0) return `wouldPreempt ${String(wouldPreempt)}`;
  return message.startsWith(expected.message ?? '') ? '' : `${expected.message ?? ''}\nnot\n${message}`;
}

/** What of the explanation differs from the recorded verdicts and scores; '' when nothing does. */
function unexplained(expected: RecordedDecision, { explanation }: Asked, leavesOut: readonly string[]): string {
  if (explanation === null) return 'not explained';
  const told = new Map(explanation.nodes.map((node) => [node.node, node]));
  const rejections = rejectionsIn(expected, [...told.keys()]);
  const wrong = [...told.values()].flatMap((node) => {
    const wanted = rejections.get(node.node) ?? '';
    const got = node.verdict === 'rejected' ? verdictText(node) : '';
    return wanted === got ? [] : [`${node.node}: verdict ${wanted}, not ${got}`];
  });
  return [...wrong, ...wrongScores(expected, told, leavesOut)].slice(0, 3).join('; ');
}

function rejectionsIn({ preFilter, filter = [] }: RecordedDecision, nodes: readonly string[]): Map<string, string> {
  if (preFilter !== undefined) return new Map(nodes.map((node) => [node, verdictText(preFilter)]));
  return new Map(filter.flatMap((group) => group.nodes.map((node) => [node, verdictText(group)] as const)));
}

function verdictText({ code, plugin = '', reasons = [] }: RecordedStatus): string {
  return [code, plugin, ...[...reasons].sort(byText)].join(' | ');
}

/** Where the search found all feasible nodes: of fewer, normalised scores are others. */
function wrongScores(
  { scoredNodes = [], scores = {}, total = [] }: RecordedDecision,
  told: ReadonlyMap<string, ExplainedNode>,
  leavesOut: readonly string[],
): string[] {
  const scored = [...told.values()].filter((node) => node.total !== null);
  if (scored.length !== scoredNodes.length) return [];
  return scoredNodes.flatMap((name, i) => {
    const node = told.get(name);
    const wanted = Object.entries(scores).map(([plugin, values]) => ({ plugin, weighted: values[i] }));
    const [a, b] = [
      scoreText(wanted, total[i], leavesOut),
      scoreText(node?.scores ?? [], node?.total ?? null, leavesOut),
    ];
    return a === b ? [] : [`${name}: scores ${a}, not ${b}`];
  });
}

function scoreText(
  scores: readonly { readonly plugin: string; readonly weighted: number }[],
  total: number | null,
  leavesOut: readonly string[],
): string {
  const compared = scores.filter(({ plugin }) => !leavesOut.includes(plugin));
  const rest = scores.reduce((sum, { plugin, weighted }) => (leavesOut.includes(plugin) ? sum + weighted : sum), 0);
  const texts = compared.map(({ plugin, weighted }) => `${plugin} ${String(weighted)}`).sort(byText);
  return [...texts, `total ${total === null ? 'none' : String(total - rest)}`].join();
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Upstream walks a map of the names: any best node is right, and which one decides on what follows. */
function namesNodes({ spec }: Pod): boolean {
  return JSON.stringify(spec?.affinity ?? {}).includes('matchFields');
}

describe('what-if on recorded clusters', () => {
  const versions = sized(['1.36'], ['1.36', '1.37']);
  const names = versions.flatMap((version) => recordingsBelow(version)).filter((name) => SUITES.test(name));
  if (names.length === 0) test.skip('skipped: no recordings beside this checkout', () => undefined);
  test.each(names)('answers as kube-scheduler did: %s', (name) => {
    const lines = (recordingText(name) ?? '').split('\n').filter((line) => line !== '');
    const decisions = decisionsBeforeNominations(lines);
    const stride = Math.max(1, Math.floor(decisions / ASKED_OF_A_SUITE));
    const found: string[] = [];
    let [asked, scored] = [0, 0];
    let seen = 0;
    let cluster: RecordedCluster | null = null;
    for (const text of lines) {
      const line = JSON.parse(text) as VectorLine | VectorHeader;
      if (!('op' in line)) {
        cluster = new RecordedCluster(line);
        continue;
      }
      // What a nomination by name alone means stands in no object.
      if (cluster === null || cluster.apply(line)) continue;
      if (line.op !== 'schedule') {
        cluster = null;
        continue;
      }
      const { object, expect: expected } = line;
      if (seen++ % stride === 0 && !namesNodes(object)) {
        const answered = cluster.ask(object);
        const { answer, explanation } = answered;
        const leavesOut = cluster.hasImageHistory ? ['ImageLocality'] : [];
        const room = cluster.askRoom(object);
        const judged = [difference(expected, answer), unexplained(expected, answered, leavesOut), roomDifference(expected, room)];
        for (const differs of judged)
          if (differs !== '') found.push(`${podKey(object)} (decision ${String(seen)}): ${differs}`);
        scored += (explanation?.nodes ?? []).filter(({ total }) => total !== null).length;
        asked++;
      }
      if ((expected.node ?? null) !== null) cluster.bind(object, expected.node ?? '');
      cluster.start = nextStart(cluster, expected);
    }
    expect(found).toEqual([]);
    expect(asked).toBeGreaterThan(10);
    expect(scored).toBeGreaterThan(0);
  });
});

function decisionsBeforeNominations(lines: readonly string[]): number {
  let isBefore = true;
  return lines.filter((line) => {
    if (line.startsWith('{"format"')) isBefore = true;
    if (line.includes('"op":"nominate"')) isBefore = false;
    return isBefore && line.includes('"op":"schedule"');
  }).length;
}

/** Nodes looked at move the start of the next search on. */
function nextStart(cluster: RecordedCluster, { evaluatedNodes, preFilter }: RecordedDecision): number {
  const count = cluster.nodes.size;
  if (count === 0 || preFilter !== undefined) return cluster.start;
  return (cluster.start + (evaluatedNodes ?? count)) % count;
}
