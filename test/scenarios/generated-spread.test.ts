// The scheduler sees generated Deployments as real ones: their pods' labels, and the selectors of their ReplicaSets.
import { describe, expect, test } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Pod } from '../../src/cluster/objects.ts';
import { PodAdmission } from '../../src/control-plane/pod-admission.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { LIFECYCLE } from '../support/node-life.ts';
import { nodeObject, playScenario } from '../support/played-scenario.ts';

const ZONE = 'topology.kubernetes.io/zone';
const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' } } };

function template(name: string, cpu = '1'): object {
  return { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu } } }] } };
}

/** Config of a scheduler whose default constraints are a list. */
function listed(...defaultConstraints: readonly object[]): object {
  const args = { defaultingType: 'List', defaultConstraints };
  return {
    config: {
      apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration',
      profiles: [{ schedulerName: 'default-scheduler', pluginConfig: [{ name: 'PodTopologySpread', args }] }],
    },
  };
}

describe('default spread constraints of generated Deployments', () => {
  // The node of zone b is smaller: the least allocated ones are those of zone a.
  const nodes = [nodeObject('a1', { zone: 'a' }), nodeObject('a2', { zone: 'a' }), nodeObject('b', { zone: 'b', cpu: '3' })];
  const zones = (workload: object): string[] =>
    playScenario({ duration: '1m', workloads: [{ name: 'web', template: template('web'), ...workload }] }, nodes).pods.map(({ node }) => node[0]);

  test('follow the selector of the ReplicaSet: pods of one Deployment keep apart, those of two do not see each other', () => {
    expect(zones({ kind: 'Deployment', replicas: 2 })).toEqual(['a', 'b']);
    expect(zones({ kind: 'Deployment', replicas: 1, arrivals: { at: '1s', count: 2 } })).toEqual(['a', 'a']);
  });

  test('do not touch Jobs and bare pods, whose owners upstream does not ask', () => {
    expect(zones({ kind: 'Job', replicas: 2, lifetime: '1h' })).toEqual(['a', 'a']);
    expect(zones({ kind: 'Pod', replicas: 2, lifetime: '1h' })).toEqual(['a', 'a']);
  });
});

describe('with few and with many pods of a selector the decisions are those of the plain scan', () => {
  const pools = [
    { name: 'n', count: 40, zones: ['a', 'b', 'c'], allocatable: { cpu: '8', memory: '32Gi', pods: '110' } },
    { name: 'm', count: 10, zones: ['a', 'd'], allocatable: { cpu: '16', memory: '32Gi', pods: '110' }, labels: { pool: 'm' } },
  ];
  const workloads = [
    { name: 'web', kind: 'Deployment', replicas: { uniform: { min: 1, max: 9 } }, arrivals: { poisson: { ratePerHour: 120 } }, lifetime: '4m', template: template('web', '300m') },
    { name: 'other', kind: 'Deployment', replicas: 3, arrivals: { poisson: { ratePerHour: 60 } }, lifetime: '6m', template: template('other', '100m') },
    // More than are walked.
    { name: 'most', kind: 'Deployment', replicas: 300, lifetime: '8m', template: template('most', '50m') },
  ];
  const cases: readonly (readonly [string, object, readonly unknown[]])[] = [
    ['by the system', {}, []],
    ['with a Service besides', {}, [SERVICE]],
    ['where nodes lack a key', {}, [nodeObject('bare-1'), nodeObject('bare-2')]],
    ['by a list, which asks for all keys', { scheduler: listed({ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'ScheduleAnyway' }, { maxSkew: 2, topologyKey: 'pool', whenUnsatisfiable: 'ScheduleAnyway' }) }, [nodeObject('bare')]],
    ['by a list with one key', { scheduler: listed({ maxSkew: 2, topologyKey: ZONE, whenUnsatisfiable: 'ScheduleAnyway' }) }, [nodeObject('bare')]],
    ['by a list with a hard one', { scheduler: listed({ maxSkew: 2, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule' }) }, []],
  ];

  test.each(cases)('%s', (_, more, objects) => {
    const members = { duration: '10m', nodePools: pools, workloads, scheduler: { tieBreak: 'upstream' }, ...more };
    const fast = playScenario(members, objects);
    expect(fast.pods.length).toBeGreaterThan(350);
    expect(playScenario(members, objects, true).pods).toEqual(fast.pods);
  });
});

describe('variants of a template', () => {
  const container = { name: 'main', image: 'i', resources: { requests: { cpu: '1', memory: '1Gi' } } };
  const base: Pod = { metadata: { namespace: 'team', labels: { app: 'web' } }, spec: { containers: [container], nodeSelector: { pool: 'm' } } };
  const own: Pod = { metadata: { ...base.metadata, labels: { app: 'web', 'pod-template-hash': 'x' }, ownerReferences: [{ kind: 'ReplicaSet', name: 'web-x', uid: 'u', controller: true }] }, spec: base.spec ?? {} };

  function admissions(): { readonly cluster: Cluster; readonly admission: PodAdmission } {
    const kernel = new Kernel({ seed: 's' });
    const cluster = new Cluster(kernel);
    return { cluster, admission: new PodAdmission(cluster, { priorityClasses: {}, nodeLifecycle: LIFECYCLE }) };
  }

  test('say what admission would have said', () => {
    const { cluster, admission } = admissions();
    const variant = cluster.templates.get(admission.variant(own, admission.template(base)));
    const whole = cluster.templates.get(admission.template(own));
    expect(variant).toEqual({ ...whole, id: variant.id, specOf: 0 });
    expect([variant.id, whole.id, whole.specOf]).toEqual([1, 2, 2]);
  });

  test('are admitted whole where a limit range may change them', () => {
    const { cluster, admission } = admissions();
    const like = admission.template(base);
    cluster.putObject('LimitRange', { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l', namespace: 'team' } });
    const id = admission.variant(own, like);
    expect(cluster.templates.get(id).specOf).toBe(id);
    expect(admission.variant(own, like)).toBe(id);
  });
});
