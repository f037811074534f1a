// Preemption against a slow twin (support/preemption-twin.ts) on random clusters where cpu alone decides: who goes on which
// node, how many budgets that breaks, where the search stops, which node is the best. With and without what dry runs
// remember, while pods go and start in between.
import { describe, expect, test } from 'vitest';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { PodDisruptionBudget } from '../../src/cluster/objects.ts';
import { CPU } from '../../src/cluster/resources.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import type { Handle, NodeStatuses } from '../../src/scheduler/framework/plugin-api.ts';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import { Code, errorStatus, statusMessage, unschedulable } from '../../src/scheduler/framework/status.ts';
import type { Status } from '../../src/scheduler/framework/status.ts';
import { bestCandidates, candidateTarget, chosenCandidate, dryRunMemory, dryRunPreemption } from '../../src/scheduler/preemption/candidates.ts';
import type { DryRun, DryRunMemory } from '../../src/scheduler/preemption/candidates.ts';
import { disruptionBudgets, importanceOrder, selectVictims } from '../../src/scheduler/preemption/victims.ts';
import type { Candidate } from '../../src/scheduler/preemption/victims.ts';
import { bestOf, victimsOn } from '../support/preemption-twin.ts';
import type { Found, Rules, StoryBudget, StoryNode, StoryPod } from '../support/preemption-twin.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';
import type { SchedulerFixture } from '../support/scheduler-fixture.ts';

const NO_CPU = unschedulable('Fit', 'Insufficient cpu');
const TEXTS = {
  'no victims': () => 'No preemption victims found for incoming pod',
  'no room': () => 'Insufficient cpu',
  nobody: (name: string) => `expected at least one victim pod on node "${name}"`,
};

/** cpu alone decides. `remembers`: filters look at nothing but the node, so that what was found may be kept. */
function handleOf({ handle, cluster }: SchedulerFixture, remembers: boolean): Handle {
  const filter = (_state: CycleState, { template }: PodInfo, at: NodeInfo): Status | null => {
    const cpu = template.accounted.columns.includes(CPU) ? template.accounted.amounts[template.accounted.columns.indexOf(CPU)] : 0;
    return at.requested[at.base + CPU] + cpu > at.allocatable[at.base + CPU] ? NO_CPU : null;
  };
  const nominatedPods: readonly number[] = [];
  const plain: Handle = { ...handle, filterWithNominatedPods: filter, nominatedPods: () => nominatedPods };
  expect(cluster.nodes.length).toBeGreaterThan(0);
  return remembers ? { ...plain, decidingFilter: () => ({ name: 'Fit', filter }), asksNodeOnly: () => true } : plain;
}

const CYCLE = { ofNode: () => NO_CPU } as unknown as NodeStatuses;

function budgetObject({ namespace, app, allowed, disrupted }: StoryBudget, index: number): PodDisruptionBudget {
  return {
    kind: 'PodDisruptionBudget',
    metadata: { namespace, name: `budget-${index}` },
    spec: { selector: app === null ? {} : { matchLabels: { app } } },
    status: { disruptionsAllowed: allowed, disruptedPods: Object.fromEntries(disrupted.map((name) => [name, '2026-01-01T00:00:00Z'])) },
  };
}

class Story {
  readonly world: SchedulerFixture;
  readonly nodes: StoryNode[];
  readonly rules: Rules;
  private readonly dice;

  constructor(seed: string, kubernetes: KubernetesVersion) {
    this.dice = new RandomStreams(seed).stream('preemption');
    this.nodes = Array.from({ length: 7 }, (_, i) => this.node(`n${i}`));
    this.rules = { readsOnce: kubernetes === '1.37', budgets: this.budgets() };
    this.world = fixture({
      kubernetes,
      nodes: this.nodes.map(({ name, cpu }) => node(name, {}, { status: { allocatable: { cpu: `${cpu}`, pods: '110' } } })),
      pods: this.nodes.flatMap(({ name, pods }) => pods.map((each) => podObject(each, name))),
      objects: this.rules.budgets.map(budgetObject),
    });
    for (const each of this.nodes.flatMap(({ pods }) => pods)) this.start(each.name, each.start);
  }

  roll(sides: number): number {
    return Math.floor(this.dice.next() * sides);
  }

  podOf(name: string): StoryPod {
    const found = this.nodes.flatMap(({ pods }) => pods).find((each) => each.name === name);
    if (found === undefined) throw new Error(`no pod ${name}`);
    return found;
  }

  start(name: string, seconds: number | null): void {
    if (seconds !== null) this.world.cluster.acknowledgePod(this.world.row(name), Math.round(seconds * 1e6));
  }

  /** A pod goes, or another one starts: on both sides. */
  change(): void {
    const at = this.roll(this.nodes.length);
    const { name, cpu, pods } = this.nodes[at];
    if (pods.length === 0) return;
    const chosen = pods[this.roll(pods.length)];
    if (chosen.start === null && this.roll(2) === 0) {
      this.nodes[at] = { name, cpu, pods: pods.map((each) => (each === chosen ? { ...each, start: 9.5 } : each)) };
      this.start(chosen.name, 9.5);
    } else {
      const rest = [...pods];
      const last = rest.pop();
      if (last !== undefined && last !== chosen) rest[rest.indexOf(chosen)] = last;
      this.nodes[at] = { name, cpu, pods: rest };
      this.world.remove(chosen.name);
    }
  }

  private node(name: string): StoryNode {
    const pods = Array.from({ length: this.roll(6) }, (_, i) => ({
      name: `${name}-p${i}`,
      namespace: this.roll(4) === 0 ? 'other' : 'default',
      app: ['', 'db', 'web'][this.roll(3)],
      priority: this.roll(4),
      cpu: 1 + this.roll(2),
      start: this.roll(3) === 0 ? null : 1 + this.roll(4) / 2,
    }));
    return { name, pods, cpu: pods.reduce((sum, { cpu }) => sum + cpu, 0) + this.roll(2) };
  }

  private budgets(): StoryBudget[] {
    return Array.from({ length: this.roll(4) }, () => ({
      namespace: this.roll(4) === 0 ? 'other' : 'default',
      app: this.roll(5) === 0 ? null : ['db', 'web'][this.roll(2)],
      allowed: this.roll(3),
      disrupted: this.roll(2) === 0 ? [] : [`n${this.roll(7)}-p0`, `n${this.roll(7)}-p1`],
    }));
  }
}

function podObject({ name, namespace, app, priority, cpu }: Omit<StoryPod, 'start'>, nodeName: string) {
  const spec = { priority, containers: [{ name: 'main', resources: { requests: { cpu: `${cpu}` } } }], ...(nodeName === '' ? {} : { nodeName }) };
  return pod(`${namespace}/${name}`, app === '' ? {} : { app }, spec);
}

/** What upstream's dry run comes to: nodes from the offset on, until there are enough. */
function expectedRun({ nodes, rules }: Story, preemptor: { readonly priority: number; readonly cpu: number }, limit: number, offset: number) {
  const safe: Found[] = [];
  const violating: Found[] = [];
  const rejections: Record<string, number> = {};
  for (const each of [...nodes.slice(offset), ...nodes.slice(0, offset)]) {
    if (safe.length > 0 && safe.length + violating.length >= limit) break;
    const found = victimsOn(each, preemptor, rules);
    if (typeof found === 'string') {
      const text = TEXTS[found](each.name);
      rejections[text] = (rejections[text] ?? 0) + 1;
    } else {
      const list = found.violations === 0 ? safe : violating;
      if (list.length < limit) list.push(found);
    }
  }
  return { found: [...safe, ...violating], rejections };
}

function inWords({ world }: Story, { candidates, rejections }: DryRun) {
  const found = candidates.map(({ nodeName, victims, pdbViolations }) => ({ node: nodeName, victims: victims.map((row) => world.cluster.podName(row)), violations: pdbViolations }));
  const counts: Record<string, number> = {};
  for (const [status, count] of rejections()) if (count !== 0) counts[statusMessage(status)] = (counts[statusMessage(status)] ?? 0) + count;
  return { found, rejections: counts };
}

function compare(story: Story, memories: readonly (DryRunMemory | undefined)[], where: string): number {
  const { world } = story;
  world.snapshot.refresh();
  const preemptor = { priority: 1 + story.roll(5), cpu: 1 + story.roll(4) };
  const row = world.addPod(podObject({ name: 'vip', namespace: 'default', app: '', ...preemptor }, ''));
  const limits = { candidates: 1 + story.roll(8), offset: story.roll(story.nodes.length) };
  const expected = expectedRun(story, preemptor, limits.candidates, limits.offset);
  for (const memory of memories) {
    const info = new PodInfo(world.cache, row);
    const run = dryRunPreemption(handleOf(world, memory !== undefined), new CycleState(), info, CYCLE, world.snapshot.nodes, limits, memory);
    const { found, rejections } = inWords(story, run);
    expect(found, where).toEqual(expected.found);
    // Of a search that stopped, nobody asks why.
    if (found.length === 0) expect(rejections, where).toEqual(expected.rejections);
    if (found.length === 0) continue;
    const { best, takesLast } = bestOf(expected.found, (name) => story.podOf(name));
    expect(bestCandidates(run.candidates).map(({ nodeName }) => nodeName), where).toEqual(best);
    const chosen = story.rules.readsOnce && takesLast ? best[best.length - 1] : best[0];
    expect(chosenCandidate(world.cache, run.candidates).nodeName, where).toBe(chosen);
  }
  world.cluster.removePod(row, 0);
  return expected.found.length;
}

test.each(['1.36', '1.37'] as const)('random clusters of %s', (kubernetes) => {
  let candidates = 0;
  for (let i = 0; i < 40; i++) {
    const story = new Story(`preemption-${i}`, kubernetes);
    const memory = dryRunMemory(story.world.cache);
    for (let round = 0; round < 5; round++) {
      candidates += compare(story, [undefined, memory, memory], `${kubernetes}, preemption-${i}, round ${round}`);
      story.change();
      story.change();
    }
  }
  expect(candidates).toBeGreaterThan(250);
});

test('so many candidates are enough: a share of the nodes, a least number, and never more than there are', () => {
  expect([candidateTarget(1000, 10, 100), candidateTarget(5000, 10, 100), candidateTarget(60, 10, 100), candidateTarget(1999, 10, 5), candidateTarget(0, 10, 100)]).toEqual([100, 500, 60, 199, 0]);
});

describe('what goes wrong in a dry run', () => {
  const worldOf = (): SchedulerFixture =>
    fixture({ nodes: [node('n1', {}, { status: { allocatable: { cpu: '2', pods: '9' } } })], pods: ['a', 'b'].map((name) => podObject({ name, namespace: 'default', app: '', priority: 0, cpu: 1 }, 'n1')) });
  const tryOn = (more: Partial<Handle>): Candidate | Status => {
    const world = worldOf();
    const vip = world.addPod(podObject({ name: 'vip', namespace: 'default', app: '', priority: 9, cpu: 1 }, ''));
    const handle = { ...handleOf(world, false), ...more };
    return selectVictims(handle, new CycleState(), new PodInfo(world.cache, vip), world.nodeInfo('n1').whatIf(world.cache.nodes.stride), []);
  };

  test('an extension that cannot take a pod off, or put it back, ends the trial with its word', () => {
    const broken = errorStatus('Broken', 'no');
    expect(tryOn({ runPreFilterRemovePod: () => broken })).toBe(broken);
    expect(tryOn({ runPreFilterAddPod: () => broken })).toBe(broken);
  });

  test('a filter that fails when a pod is back makes it an error of the trial, one that rejects a victim', () => {
    let asked = 0;
    const later = (status: Status): Candidate | Status => {
      asked = 0;
      return tryOn({ filterWithNominatedPods: () => (asked++ === 0 ? null : status) });
    };
    expect(later(errorStatus('Broken', 'lost'))).toMatchObject({ code: Code.Error, plugin: 'DefaultPreemption', reasons: ['lost'] });
    expect(later(NO_CPU)).toMatchObject({ victims: [0, 1], pdbViolations: 0 });
  });

  test('a node that fits with everybody back is no candidate', () => {
    const world = worldOf();
    const vip = world.addPod(podObject({ name: 'vip', namespace: 'default', app: '', priority: 9, cpu: 1 }, ''));
    world.snapshot.refresh();
    const handle = { ...handleOf(world, false), filterWithNominatedPods: () => null };
    const run = dryRunPreemption(handle, new CycleState(), new PodInfo(world.cache, vip), CYCLE, world.snapshot.nodes, { candidates: 9, offset: 0 });
    expect(run.candidates).toEqual([]);
    expect([...run.rejections()].map(([status, count]) => [status.code, statusMessage(status), count])).toEqual([[Code.Error, 'expected at least one victim pod on node "n1"', 1]]);
  });
});

test('from 1.37 on many pods that have not started rank as they stand on the node, within their priority', () => {
  const dice = new RandomStreams('ranks').stream('ranks');
  const pods = Array.from({ length: 60 }, (_, i) => podObject({ name: `p${i}`, namespace: 'default', app: '', priority: Math.floor(dice.next() * 3), cpu: 1 }, 'n1'));
  const { cache } = fixture({ kubernetes: '1.37', nodes: [node('n1')], pods });
  const rows = pods.map((_, row) => row);
  const priorityOf = (row: number): number => cache.templateOf(row).priority;
  const some = [...rows].sort((a, b) => ((a * 37) % 61) - ((b * 37) % 61));
  importanceOrder(cache, rows)(some);
  expect(some).toEqual([...rows].sort((a, b) => priorityOf(b) - priorityOf(a) || a - b));
});

test('budgets are read with the defaults of what they leave out', () => {
  const { cache } = fixture({ objects: [{ kind: 'PodDisruptionBudget', metadata: { name: 'bare' } }, budgetObject({ namespace: 'team', app: 'db', allowed: 2, disrupted: ['db-0'] }, 1)] });
  const read = disruptionBudgets(cache).map(({ namespace, selector, disruptionsAllowed, disruptedPods }) => [namespace, selector.nothing || selector.empty, disruptionsAllowed, [...disruptedPods]]);
  expect(read).toEqual([['default', true, 0, []], ['team', false, 2, ['db-0']]]);
});
