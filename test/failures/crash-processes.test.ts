// Crash processes: named streams, overlapping causes, zones, pools, nodes that come and go.
import { describe, expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { CrashProcesses } from '../../src/failures/crash-processes.ts';
import type { Distribution } from '../../src/kernel/distribution.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { FailureProcess } from '../../src/failures/settings.ts';
import { fixed } from '../support/node-life.ts';

const EXPONENTIAL = (mean: number): Distribution => ({ kind: 'exponential', mean, atLeast: null, atMost: null });

function processOf(name: string, scope: 'node' | 'zone', uptime: Distribution, repair: Distribution, pools: readonly string[] = []): FailureProcess {
  return {
    name, kind: 'crash', scope, label: '', share: 1, factor: 1, fill: 1, noticeMicros: 0, pools,
    uptimeSeconds: uptime, repairSeconds: repair,
  };
}

interface Step {
  readonly at: number;
  readonly add?: string;
  readonly remove?: string;
}

/** Nodes as `name`, `name@zone` or `name@zone/pool`. Lines: second, node, up or down. */
function play(processes: readonly FailureProcess[], steps: readonly Step[], until: number): { readonly health: string[]; readonly marks: string[]; readonly cluster: Cluster } {
  const kernel = new Kernel({ seed: 'crashes' });
  const cluster = new Cluster(kernel);
  const health: string[] = [];
  const marks: string[] = [];
  const seconds = (): string => (kernel.now / MICROS_PER_SECOND).toFixed(3);
  cluster.observe({ nodeHealthChanged: (node, up) => void health.push(`${seconds()} ${cluster.nodes.facts[node].name} ${up ? 'up' : 'down'}`) });
  new CrashProcesses(kernel, cluster, processes, (kind, label, count) => void marks.push(`${seconds()} ${kind} ${label} ${count}`));
  const step = kernel.defineEvent('step', 1, (index) => {
    const { add, remove } = steps[index];
    if (remove !== undefined) cluster.removeNode(cluster.nodeRow(remove));
    if (add === undefined) return;
    const [place, pool = ''] = add.split('/');
    const [name, zone] = place.split('@');
    cluster.addNode({ metadata: { name, labels: zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone } } }, pool);
  });
  steps.forEach(({ at }, index) => kernel.at(at * MICROS_PER_SECOND, step, index));
  kernel.run({ until: until * MICROS_PER_SECOND });
  checkCluster(cluster);
  return { health, marks, cluster };
}

test('a node is up for the up time and down for the repair time, again and again', () => {
  const { health, marks } = play([processOf('crash', 'node', fixed(100), fixed(20))], [{ at: 0, add: 'a' }], 260);
  expect(health).toEqual(['100.000 a down', '120.000 a up', '220.000 a down', '240.000 a up']);
  expect(marks[0]).toBe('100.000 node crash crash: a 1');
  expect(marks[1]).toBe('120.000 node repair crash: a 1');
});

test('a zone takes all its nodes down, those that join it meanwhile, too', () => {
  const { health, marks } = play(
    [processOf('outage', 'zone', fixed(100), fixed(50))],
    [{ at: 0, add: 'a@1' }, { at: 0, add: 'b@1' }, { at: 0, add: 'c' }, { at: 120, add: 'd@1' }],
    160,
  );
  expect(health).toEqual(['100.000 a down', '100.000 b down', '120.000 d down', '150.000 a up', '150.000 b up', '150.000 d up']);
  expect(marks).toEqual(['100.000 zone outage outage: 1 2', '150.000 zone repair outage: 1 3']);
});

test('a node with two causes is up when neither holds', () => {
  const processes = [processOf('crash', 'node', fixed(90), fixed(30)), processOf('outage', 'zone', fixed(100), fixed(50))];
  expect(play(processes, [{ at: 0, add: 'a@1' }], 160).health).toEqual(['90.000 a down', '150.000 a up']);
});

test('a process strikes only the pools it names', () => {
  const processes = [processOf('crash', 'node', fixed(10), fixed(1000), ['spot'])];
  expect(play(processes, [{ at: 0, add: 'a@1/spot' }, { at: 0, add: 'b@1/steady' }], 100).health).toEqual(['10.000 a down']);
});

describe('streams', () => {
  const processes = [processOf('crash', 'node', EXPONENTIAL(300), EXPONENTIAL(60)), processOf('outage', 'zone', EXPONENTIAL(900), EXPONENTIAL(100))];
  const linesOf = (name: string, lines: readonly string[]): string[] => lines.filter((line) => line.includes(` ${name} `));

  test('are the node\'s own: other nodes never shift them', () => {
    const alone = play(processes, [{ at: 0, add: 'a@1' }], 5000).health;
    const crowd = play(processes, [{ at: 0, add: 'b@2' }, { at: 0, add: 'a@1' }, { at: 700, add: 'c@3' }, { at: 900, remove: 'b' }], 5000).health;
    expect(alone.length).toBeGreaterThan(10);
    expect(linesOf('a', crowd)).toEqual(alone);
  });

  test('go on for a machine that comes back under its name', () => {
    const { health } = play([processOf('crash', 'node', fixed(100), fixed(50))], [{ at: 0, add: 'a' }, { at: 120, remove: 'a' }, { at: 130, add: 'a' }], 300);
    expect(health).toEqual(['100.000 a down', '230.000 a down', '280.000 a up']);
  });
});

test('a process of zero times does not stop the clock, one of endless times does nothing', () => {
  expect(play([processOf('never', 'node', fixed(Infinity), fixed(1))], [{ at: 0, add: 'a' }], 100).health).toEqual([]);
  const kernelBound = play([processOf('busy', 'node', fixed(0), fixed(0))], [{ at: 0, add: 'a' }], 0.001).health;
  expect(kernelBound.length).toBe(1000);
});
