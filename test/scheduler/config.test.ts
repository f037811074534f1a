// KubeSchedulerConfiguration: upstream's defaults, the merge with the default plugins, multiPoint's expansion.
import { describe, expect, test } from 'vitest';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import {
  configuration,
  decode,
  decodeProfile,
  fullRegistry,
  mistakesIn,
  registryOf,
} from '../support/scheduler-config.ts';

describe('without a document', () => {
  test('the settings are upstream\'s', () => {
    const { profiles, ...settings } = decodeSchedulerConfiguration(undefined, { registry: fullRegistry() });
    expect(settings).toEqual({
      kubernetes: '1.37',
      parallelism: 16,
      percentageOfNodesToScore: 0,
      podInitialBackoffSeconds: 1,
      podMaxBackoffSeconds: 10,
      extenders: [],
      warnings: [],
    });
    expect(profiles.map(({ schedulerName, percentageOfNodesToScore }) => [schedulerName, percentageOfNodesToScore])).toEqual([['default-scheduler', null]]);
  });

  test('null, an empty list of profiles and a bare document say the same as nothing', () => {
    const nothing = decodeSchedulerConfiguration(undefined, { registry: fullRegistry() });
    expect(decodeSchedulerConfiguration(null, { registry: fullRegistry() })).toEqual(nothing);
    expect(decode({})).toEqual(nothing);
    expect(decode({ profiles: [] })).toEqual(nothing);
    expect(decode({ profiles: [{}], parallelism: null })).toEqual(nothing);
  });

  const pointsText = (kubernetes: KubernetesVersion): string => {
    const { points } = decodeProfile({}, { kubernetes });
    const shown = { ...points, score: points.score.map(({ name, weight }) => `${name} ${weight}`) };
    return Object.entries(shown).map(([point, names]) => `${point}: ${names.join(', ')}`).join('\n');
  };

  test('every extension point has the plugins of kube-scheduler v1.36 in their order', () => {
    expect(pointsText('1.36')).toBe(`\
preEnqueue: SchedulingGates, DynamicResources, DefaultPreemption
queueSort: PrioritySort
preFilter: NodeAffinity, NodePorts, NodeResourcesFit, VolumeRestrictions, NodeVolumeLimits, VolumeBinding, VolumeZone, PodTopologySpread, InterPodAffinity, DynamicResources, NodeDeclaredFeatures
filter: NodeUnschedulable, NodeName, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit, VolumeRestrictions, NodeVolumeLimits, VolumeBinding, VolumeZone, PodTopologySpread, InterPodAffinity, DynamicResources, NodeDeclaredFeatures
postFilter: DynamicResources, DefaultPreemption
preScore: TaintToleration, NodeAffinity, NodeResourcesFit, VolumeBinding, PodTopologySpread, InterPodAffinity, NodeResourcesBalancedAllocation
score: TaintToleration 3, NodeAffinity 2, NodeResourcesFit 1, VolumeBinding 1, PodTopologySpread 2, InterPodAffinity 2, DynamicResources 2, NodeResourcesBalancedAllocation 1, ImageLocality 1
reserve: VolumeBinding, DynamicResources
permit: 
preBind: VolumeBinding, DynamicResources
bind: DefaultBinder
postBind: `);
  });

  test('in v1.37 NodeName comes first, and it and the two behind it have a PreFilter', () => {
    const [then, now] = [pointsText('1.36'), pointsText('1.37')].map((text) => text.split('\n'));
    const changed = now.filter((line, i) => line !== then[i]).map((line) => line.slice(0, 69));
    expect(changed).toEqual([
      'preFilter: NodeName, NodeUnschedulable, TaintToleration, NodeAffinity',
      'filter: NodeName, NodeUnschedulable, TaintToleration, NodeAffinity, N',
    ]);
  });

  test('only v1.37 knows the shape of storage and the plugin set of pod groups', () => {
    const shaped = { pluginConfig: [{ name: 'VolumeBinding', args: { shape: [{ utilization: 0, score: 3 }] } }] };
    expect(decodeProfile(shaped).args['VolumeBinding']).toEqual({
      bindTimeoutSeconds: 600,
      shape: [{ utilization: 0, score: 3 }],
    });
    const at = '[profiles[0].pluginConfig[0].args.shape]';
    expect(mistakesIn(configuration({ profiles: [shaped] }), { kubernetes: '1.36' })).toBe(
      `shape needs the feature gate StorageCapacityScoring, which is off in v1.36; leave it out ${at}`,
    );
    expect(decodeProfile({}, { kubernetes: '1.36' }).args['VolumeBinding']).toEqual({ bindTimeoutSeconds: 600 });
    const grouped = configuration({ profiles: [{ plugins: { podGroupPostFilter: { disabled: [{ name: '*' }] } } }] });
    expect(mistakesIn(grouped, { kubernetes: '1.37' })).toBe('');
    expect(mistakesIn(grouped, { kubernetes: '1.36' })).toMatch(/^unknown field "podGroupPostFilter"/);
    const deferred = configuration({
      profiles: [{ plugins: { filter: { enabled: [{ name: 'DeferredPodScheduling' }] } } }],
    });
    const where = '[profiles[0].plugins.filter.enabled[0].name]';
    expect(mistakesIn(deferred, { kubernetes: '1.37' })).toBe(
      `plugin DeferredPodScheduling needs a feature gate that is off in v1.37 ${where}`,
    );
    expect(mistakesIn(deferred, { kubernetes: '1.36' })).toMatch(/^there is no plugin DeferredPodScheduling/);
  });

  test('arguments have upstream\'s defaults', () => {
    expect(decodeProfile({}).args).toEqual({
      DefaultPreemption: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 },
      InterPodAffinity: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
      NodeAffinity: { addedAffinity: null },
      NodeResourcesFit: {
        ignoredResources: [],
        ignoredResourceGroups: [],
        scoringStrategy: {
          type: 'LeastAllocated',
          resources: [
            { name: 'cpu', weight: 1 },
            { name: 'memory', weight: 1 },
          ],
        },
      },
      NodeResourcesBalancedAllocation: {
        resources: [
          { name: 'cpu', weight: 1 },
          { name: 'memory', weight: 1 },
        ],
      },
      PodTopologySpread: { defaultingType: 'System', defaultConstraints: [] },
      VolumeBinding: {
        bindTimeoutSeconds: 600,
        shape: [
          { utilization: 0, score: 10 },
          { utilization: 100, score: 0 },
        ],
      },
      DynamicResources: { filterTimeout: '10s', bindingTimeout: '10m0s' },
    });
  });

  test('a default plugin that the registry lacks is left out', () => {
    const { points, args } = decodeProfile({}, { registry: registryOf('PrioritySort', 'NodeName', 'TaintToleration', 'DefaultBinder') });
    expect(points.filter).toEqual(['NodeName', 'TaintToleration']);
    expect(points.score).toEqual([{ name: 'TaintToleration', weight: 3 }]);
    expect(args).toEqual({});
  });
});

const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);
const plugins = (...list: readonly (string | readonly [string, number])[]): unknown[] =>
  list.map((entry) => (typeof entry === 'string' ? { name: entry } : { name: entry[0], weight: entry[1] }));

describe('merging with the default plugins', () => {
  test('a name disabled in multiPoint is gone from every point', () => {
    const { points } = decodeProfile({ plugins: { multiPoint: { disabled: plugins('TaintToleration') } } });
    expect(JSON.stringify(points)).not.toContain('TaintToleration');
    expect(points.filter).toContain('NodeAffinity');
  });

  test('"*" disabled in multiPoint drops all defaults; enabled ones stay', () => {
    const { points } = decodeProfile({ plugins: { multiPoint: { disabled: plugins('*'), enabled: plugins('DefaultBinder', 'PrioritySort', 'NodeName') } } });
    expect(points.filter).toEqual(['NodeName']);
    expect(points.score).toEqual([]);
    expect(points.bind).toEqual(['DefaultBinder']);
  });

  test('a re-configured default keeps its place and takes the new weight', () => {
    const { points } = decodeProfile({ plugins: { multiPoint: { enabled: plugins(['NodeAffinity', 7]) } } });
    expect(points.score.slice(0, 3)).toEqual([{ name: 'TaintToleration', weight: 3 }, { name: 'NodeAffinity', weight: 7 }, { name: 'NodeResourcesFit', weight: 1 }]);
  });

  test('a default both disabled and enabled goes to the end', () => {
    const { points } = decodeProfile({ plugins: { multiPoint: { disabled: plugins('NodeName'), enabled: plugins('NodeName') } } });
    expect(points.filter[points.filter.length - 1]).toBe('NodeName');
  });

  test('a user\'s plugin is appended at the points it has', () => {
    const registry = fullRegistry({ name: 'Mine', points: ['filter', 'score'] });
    const { points } = decodeProfile({ plugins: { multiPoint: { enabled: plugins(['Mine', 4]) } } }, { registry });
    expect(points.filter[points.filter.length - 1]).toBe('Mine');
    expect(points.score[points.score.length - 1]).toEqual({ name: 'Mine', weight: 4 });
    expect(points.preFilter).not.toContain('Mine');
  });

  test('the points of a user\'s plugin may come from a callback', () => {
    const registry = fullRegistry({ name: 'Mine' });
    const { points } = decodeProfile(
      { plugins: { multiPoint: { enabled: plugins('Mine') } } },
      { registry, pointsOf: (name) => (name === 'Mine' ? ['permit'] : undefined) },
    );
    expect(points.permit).toEqual(['Mine']);
  });
});

describe('expanding multiPoint', () => {
  test('overrides come first, then the rest of multiPoint, then the other explicit ones', () => {
    const registry = fullRegistry({ name: 'Mine', points: ['score'] });
    const { points } = decodeProfile({ plugins: { score: { enabled: plugins(['Mine', 2], ['ImageLocality', 9], ['NodeAffinity', 5]) } } }, { registry });
    expect(names(points.score)).toEqual([
      'ImageLocality', 'NodeAffinity', 'TaintToleration', 'NodeResourcesFit', 'VolumeBinding', 'PodTopologySpread', 'InterPodAffinity',
      'DynamicResources', 'NodeResourcesBalancedAllocation', 'Mine',
    ]);
    expect(points.score.slice(0, 2).map(({ weight }) => weight)).toEqual([9, 5]);
  });

  test('disabled at one point, a plugin keeps its others', () => {
    const { points } = decodeProfile({ plugins: { score: { disabled: plugins('TaintToleration') } } });
    expect(names(points.score)).not.toContain('TaintToleration');
    expect(points.filter).toContain('TaintToleration');
  });

  test('disabled and enabled at one point, it goes behind multiPoint\'s', () => {
    const { points } = decodeProfile({ plugins: { score: { disabled: plugins('TaintToleration'), enabled: plugins(['TaintToleration', 5]) } } });
    expect(points.score[points.score.length - 1]).toEqual({ name: 'TaintToleration', weight: 5 });
  });

  test('"*" disabled at one point leaves only what is enabled there', () => {
    const { points } = decodeProfile({ plugins: { score: { disabled: plugins('*'), enabled: plugins('ImageLocality', 'NodeResourcesFit') } } });
    expect(points.score).toEqual([{ name: 'ImageLocality', weight: 1 }, { name: 'NodeResourcesFit', weight: 1 }]);
    expect(points.filter).toHaveLength(14);
  });

  test('a weight of 0 counts as 1, also where it hides the default\'s', () => {
    const { points } = decodeProfile({ plugins: { score: { enabled: plugins('TaintToleration') } } });
    expect(points.score[0]).toEqual({ name: 'TaintToleration', weight: 1 });
  });
});

describe('a real cluster\'s file', () => {
  test('its settings of the process are read and dropped', () => {
    const { warnings, profiles } = decode({
      clientConnection: { kubeconfig: '/etc/kubernetes/scheduler.conf', qps: 100, burst: 200 },
      leaderElection: { leaderElect: true, leaseDuration: '137s', renewDeadline: '107s', retryPeriod: '26s', resourceLock: 'leases', resourceName: 'kube-scheduler', resourceNamespace: 'kube-system' },
      enableProfiling: false, enableContentionProfiling: false, delayCacheUntilActive: true, healthzBindAddress: '',
      profiles: [{ schedulerName: 'default-scheduler', plugins: { placementScore: {} } }],
    });
    expect(warnings).toEqual([]);
    expect(profiles).toHaveLength(1);
  });

  test('profiles have their own plugins, percentages and arguments', () => {
    const { profiles } = decode({
      percentageOfNodesToScore: 40,
      profiles: [
        { schedulerName: 'spread', percentageOfNodesToScore: 0 },
        {
          schedulerName: 'pack',
          plugins: { multiPoint: { disabled: plugins('ImageLocality') } },
          pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 3 }, { name: 'nvidia.com/gpu' }] } } }],
        },
      ],
    });
    expect(profiles.map(({ percentageOfNodesToScore }) => percentageOfNodesToScore)).toEqual([0, null]);
    expect(profiles.map(({ points }) => points.score.length)).toEqual([9, 8]);
    expect(profiles[1].args.NodeResourcesFit.scoringStrategy).toEqual({ type: 'MostAllocated', resources: [{ name: 'cpu', weight: 3 }, { name: 'nvidia.com/gpu', weight: 1 }] });
  });

  test('extenders are accepted with a warning, those whose errors count first; what they manage overwrites ignoredResources', () => {
    const { extenders, warnings, profiles } = decode({
      extenders: [
        { urlPrefix: 'http://one', filterVerb: 'filter', ignorable: true },
        { urlPrefix: 'https://two', prioritizeVerb: 'score', weight: 5, httpTimeout: '1m30s', enableHTTPS: true, tlsConfig: { insecure: true }, managedResources: [{ name: 'example.com/fpga', ignoredByScheduler: true }] },
      ],
      profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args: { ignoredResources: ['example.com/old'] } }] }],
    });
    expect(extenders.map(({ urlPrefix, httpTimeoutMicros }) => [urlPrefix, httpTimeoutMicros])).toEqual([['https://two', 90_000_000], ['http://one', 5_000_000]]);
    expect(warnings).toEqual(['extenders: extenders are accepted but not called']);
    expect(profiles[0].args.NodeResourcesFit.ignoredResources).toEqual(['example.com/fpga']);
  });

  test('unknown names where they do no harm are warned of', () => {
    const { warnings } = decode({
      profiles: [{ plugins: { score: { disabled: plugins('NodeResourceFit', 'Elsewhere') } }, pluginConfig: [{ name: 'Coscheduling', args: { permitWaitingTimeSeconds: 10 } }] }],
    });
    expect(warnings).toEqual([
      'profiles[0].plugins.score.disabled[0].name: there is no plugin NodeResourceFit: disabling it changes nothing; did you mean "NodeResourcesFit"?',
      'profiles[0].plugins.score.disabled[1].name: there is no plugin Elsewhere: disabling it changes nothing',
      'profiles[0].pluginConfig[0].name: there is no plugin Coscheduling: its arguments are ignored',
    ]);
  });

  test('arguments of a user\'s plugin are laid over its defaults', () => {
    const registry = fullRegistry({ name: 'Mine', points: ['score'], defaultArgs: { factor: 2, labels: ['a'], mode: 'x' } });
    const read = decodeSchedulerConfiguration(configuration({ profiles: [{ pluginConfig: [{ name: 'Mine', args: { factor: 3, mode: null } }] }] }), { registry });
    expect(read.profiles[0].args.Mine).toEqual({ factor: 3, labels: ['a'], mode: 'x' });
  });
});
