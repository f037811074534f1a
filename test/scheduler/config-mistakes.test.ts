// Mistakes in a KubeSchedulerConfiguration: upstream's rules, told all at once.
import { describe, expect, test } from 'vitest';
import { configuration, fullRegistry, mistakesIn, registryOf } from '../support/scheduler-config.ts';

const told = (members: Readonly<Record<string, unknown>>): string => mistakesIn(configuration(members));
const profile = (members: Readonly<Record<string, unknown>>): string => told({ profiles: [members] });
const args = (name: string, members: unknown): string => profile({ pluginConfig: [{ name, args: members }] }).replaceAll('profiles[0].pluginConfig[0].', '');

describe('what the document is', () => {
  test.each([
    [[], 'expected a KubeSchedulerConfiguration (a mapping), found an empty list'],
    ['text', 'expected a KubeSchedulerConfiguration (a mapping), found "text"'],
    [{}, '"kind" is missing: expected KubeSchedulerConfiguration\n"apiVersion" is missing: expected kubescheduler.config.k8s.io/v1'],
    [{ kind: 'Pod', apiVersion: 'v1' }, 'expected kind KubeSchedulerConfiguration, found "Pod" [kind]\nexpected apiVersion kubescheduler.config.k8s.io/v1, found "v1" [apiVersion]'],
    [
      { kind: 'KubeSchedulerConfiguration', apiVersion: 'kubescheduler.config.k8s.io/v1beta3' },
      'expected apiVersion kubescheduler.config.k8s.io/v1, found "kubescheduler.config.k8s.io/v1beta3": Kubernetes no longer reads v1beta3 [apiVersion]',
    ],
  ])('%j', (raw, expected) => {
    expect(mistakesIn(raw)).toBe(expected);
  });

  test('all mistakes of a document are told in one go, each with its place', () => {
    const raw = configuration({ paralelism: 4, parallelism: 0, percentageOfNodesToScore: 101, podInitialBackoffSeconds: 20, podMaxBackoffSeconds: 10 });
    const locate = (path: (string | number)[]) => ({ file: 'sched.yaml', line: path.length });
    expect(mistakesIn(raw, { locate })).toBe(`\
sched.yaml:1: unknown field "paralelism" — did you mean "parallelism"? [paralelism]
sched.yaml:1: expected a whole number of at least 1, found 0 [parallelism]
sched.yaml:1: expected a whole number from 0 to 100, found 101 [percentageOfNodesToScore]
sched.yaml:1: podMaxBackoffSeconds must be at least podInitialBackoffSeconds, found 10 and 20 [podMaxBackoffSeconds]`);
  });
});

describe('settings of the process', () => {
  test.each([
    [{ parallelism: '16' }, 'expected a whole number of at least 1, found "16" [parallelism]'],
    [{ percentageOfNodesToScore: -1 }, 'expected a whole number from 0 to 100, found -1 [percentageOfNodesToScore]'],
    [{ podInitialBackoffSeconds: 0 }, 'expected a whole number of at least 1, found 0 [podInitialBackoffSeconds]'],
    [{ podInitialBackoffSeconds: 1.5 }, 'expected a whole number of at least 1, found 1.5 [podInitialBackoffSeconds]'],
    [{ podMaxBackoffSeconds: -1 }, 'expected a whole number of at least 0, found -1 [podMaxBackoffSeconds]'],
    [{ delayCacheUntilActive: 3 }, 'expected true or false, found 3 [delayCacheUntilActive]'],
    [{ profiles: 'default' }, 'expected a list, found "default" [profiles]'],
    [{ featureGates: { GangScheduling: true } }, 'unknown field "featureGates" [featureGates]'],
  ])('%j', (members, expected) => {
    expect(told(members)).toBe(expected);
  });

  test('leader election', () => {
    expect(told({ leaderElection: { leaseDuration: '10s', renewDeadline: '10s', retryPeriod: '-1s', resourceLock: 'endpoints', leaderElected: true } })).toBe(`\
unknown field "leaderElected" — did you mean "leaderElect"? [leaderElection.leaderElected]
expected a duration greater than zero, found "-1s" [leaderElection.retryPeriod]
leaseDuration must be greater than renewDeadline [leaderElection.leaseDuration]
expected "leases", found "endpoints" [leaderElection.resourceLock]`);
    expect(told({ leaderElection: { leaderElect: false, leaseDuration: '1s', resourceLock: 'endpoints' } })).toBe('');
    expect(told({ leaderElection: { leaseDuration: 15 } })).toBe('expected a duration such as 15s, 1m30s or 500ms, found 15 [leaderElection.leaseDuration]');
  });

  test('the client and what was removed', () => {
    expect(told({ clientConnection: { burst: -1, qps: '5' }, enableProfiling: 'no', healthzBindAddress: '0.0.0.0:10251' })).toBe(`\
expected a number, found "5" [clientConnection.qps]
expected a whole number of at least 0, found -1 [clientConnection.burst]
expected true or false, found "no" [enableProfiling]
"healthzBindAddress" was removed with kubescheduler.config.k8s.io/v1beta3; leave it out [healthzBindAddress]`);
  });
});

describe('profiles', () => {
  test('several need names, each its own; they share the queue\'s order', () => {
    const other = { queueSort: { disabled: [{ name: 'PrioritySort' }], enabled: [{ name: 'Mine' }] } };
    const registry = fullRegistry({ name: 'Mine', points: ['queueSort'] });
    expect(mistakesIn(configuration({ profiles: [{}, { schedulerName: 'a' }, { schedulerName: 'a', plugins: other }] }), { registry })).toBe(`\
a value is required here [profiles[0].schedulerName]
profile 1 has the name "a", too: every profile needs its own [profiles[2].schedulerName]
queueSort must be the same in all profiles: they share one queue [profiles[2].plugins.queueSort]`);
    expect(profile({ schedulerName: '', percentageOfNodesToScore: -1 })).toBe(`\
a value is required here [profiles[0].schedulerName]
expected a whole number from 0 to 100, found -1 [profiles[0].percentageOfNodesToScore]`);
  });

  test('plugins that do not exist, cannot be there or stand there twice', () => {
    const enabled = ['NodeResourceFit', 'NodeName', 'ImageLocality', 'ImageLocality', 'EBSLimits', 'GangScheduling', ''].map((name) => ({ name }));
    expect(profile({ plugins: { score: { enabled }, scor: {} } })).toBe(`\
unknown field "scor" — did you mean "score"? [profiles[0].plugins.scor]
there is no plugin NodeResourceFit — did you mean "NodeResourcesFit"? [profiles[0].plugins.score.enabled[0].name]
plugin NodeName has no extension point score; it has preFilter, filter [profiles[0].plugins.score.enabled[1].name]
plugin ImageLocality is enabled here twice [profiles[0].plugins.score.enabled[3].name]
plugin EBSLimits was removed from Kubernetes (NodeVolumeLimits counts volumes of all drivers) [profiles[0].plugins.score.enabled[4].name]
plugin GangScheduling needs a feature gate that is off in v1.37 [profiles[0].plugins.score.enabled[5].name]
a value is required here [profiles[0].plugins.score.enabled[6].name]`);
  });

  test('an in-tree plugin that the registry lacks, and a user\'s plugin of unknown points', () => {
    const registry = new Map([...registryOf('PrioritySort', 'DefaultBinder'), ...fullRegistry({ name: 'Mine' })].filter(([name]) => name !== 'VolumeZone'));
    const enabled = [{ name: 'VolumeZone' }, { name: 'Mine' }];
    expect(mistakesIn(configuration({ profiles: [{ plugins: { multiPoint: { enabled }, filter: { enabled: [{ name: 'Mine' }] } } }] }), { registry })).toBe(`\
plugin VolumeZone is not available in this build [profiles[0].plugins.multiPoint.enabled[0].name]
plugin Mine does not tell its extension points: enable it at each of them instead [profiles[0].plugins.multiPoint.enabled[1].name]`);
  });

  test('one plugin sorts the queue, at least one binds', () => {
    const registry = fullRegistry({ name: 'Mine', points: ['queueSort'] });
    const plugins = { queueSort: { enabled: [{ name: 'Mine' }] }, bind: { disabled: [{ name: '*' }] } };
    expect(mistakesIn(configuration({ profiles: [{ plugins }] }), { registry })).toBe(`\
exactly one queueSort plugin is needed, found PrioritySort, Mine [profiles[0].plugins.queueSort]
at least one bind plugin is needed, found none [profiles[0].plugins.bind]`);
    expect(profile({ plugins: { multiPoint: { disabled: [{ name: 'PrioritySort' }] } } })).toBe('exactly one queueSort plugin is needed, found none [profiles[0].plugins.queueSort]');
  });

  test('shapes', () => {
    expect(profile({ plugins: { filter: { enabled: {} }, score: [], bind: { enabled: [{ name: 'DefaultBinder', weight: 1.5 }] } }, pluginConfig: 3 })).toBe(`\
expected a list, found a mapping [profiles[0].plugins.filter.enabled]
expected a mapping, found an empty list [profiles[0].plugins.score]
expected a whole number, found 1.5 [profiles[0].plugins.bind.enabled[0].weight]
expected a list, found 3 [profiles[0].pluginConfig]`);
  });

  test('arguments once for each plugin', () => {
    expect(profile({ pluginConfig: [{ name: 'InterPodAffinity' }, { name: 'InterPodAffinity' }, { name: 'CinderLimits' }, { args: {} }] })).toBe(`\
plugin InterPodAffinity is configured twice [profiles[0].pluginConfig[1].name]
plugin CinderLimits was removed from Kubernetes [profiles[0].pluginConfig[2].name]
a value is required here [profiles[0].pluginConfig[3].name]`);
  });
});

describe('arguments', () => {
  test.each([
    ['DefaultPreemption', { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }, 'minCandidateNodesPercentage and minCandidateNodesAbsolute must not both be 0 [args]'],
    ['DefaultPreemption', { minCandidateNodesPercentage: 101, minCandidateNodesAbsolute: -1 }, 'expected a whole number from 0 to 100, found 101 [args.minCandidateNodesPercentage]\nexpected a whole number of at least 0, found -1 [args.minCandidateNodesAbsolute]'],
    ['InterPodAffinity', { hardPodAffinityWeight: 101 }, 'expected a whole number from 0 to 100, found 101 [args.hardPodAffinityWeight]'],
    ['InterPodAffinity', { hardAffinityWeight: 1 }, 'unknown field "hardAffinityWeight" — did you mean "hardPodAffinityWeight"? [args.hardAffinityWeight]'],
    ['InterPodAffinity', { kind: 'NodeAffinityArgs', apiVersion: 'v1' }, 'expected kubescheduler.config.k8s.io/v1, found "v1" [args.apiVersion]\nexpected InterPodAffinityArgs, found "NodeAffinityArgs" [args.kind]'],
    ['NodeResourcesFit', { ignoredResources: ['a b'], ignoredResourceGroups: ['example.com/x'] }, 'expected a resource name such as example.com/gpu, found "a b" [args.ignoredResources[0]]\na resource group is the part before the slash, found "example.com/x" [args.ignoredResourceGroups[0]]'],
    ['NodeResourcesFit', { scoringStrategy: {} }, 'expected LeastAllocated, MostAllocated or RequestedToCapacityRatio, found nothing [args.scoringStrategy.type]'],
    ['NodeResourcesFit', { scoringStrategy: { type: 'MostAlocated', resources: [{ name: 'cpu', weight: 101 }] } }, 'expected LeastAllocated, MostAllocated or RequestedToCapacityRatio, found "MostAlocated" — did you mean "MostAllocated"? [args.scoringStrategy.type]\nexpected a whole number from 0 to 100, found 101 [args.scoringStrategy.resources[0].weight]'],
    ['NodeResourcesFit', { scoringStrategy: { type: 'RequestedToCapacityRatio' } }, 'requestedToCapacityRatio is required with type RequestedToCapacityRatio [args.scoringStrategy.requestedToCapacityRatio]'],
    ['NodeResourcesFit', { scoringStrategy: { type: 'LeastAllocated', requestedToCapacityRatio: { shape: [] } } }, 'requestedToCapacityRatio goes with type RequestedToCapacityRatio only [args.scoringStrategy.requestedToCapacityRatio]'],
    ['NodeResourcesFit', { scoringStrategy: { type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape: [] } } }, 'at least one point is required [args.scoringStrategy.requestedToCapacityRatio.shape]'],
    [
      'NodeResourcesFit',
      { scoringStrategy: { type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape: [{ utilization: 50, score: 11 }, { utilization: 50, score: 0 }] } } },
      'expected a whole number from 0 to 10, found 11 [args.scoringStrategy.requestedToCapacityRatio.shape[0].score]\nutilization must grow from point to point [args.scoringStrategy.requestedToCapacityRatio.shape[1].utilization]',
    ],
    ['NodeResourcesBalancedAllocation', { resources: [{ name: 'cpu', weight: 2 }, { name: 'cpu' }] }, 'the weight must be 1, found 2 [args.resources[0].weight]\nresource "cpu" stands here twice [args.resources[1].name]'],
    ['PodTopologySpread', { defaultConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }] }, 'defaultConstraints go with defaultingType List only; defaultingType is System [args.defaultConstraints]'],
    [
      'PodTopologySpread',
      { defaultingType: 'List', defaultConstraints: [{ maxSkew: 0, topologyKey: 'a b', whenUnsatisfiable: 'Never', labelSelector: {} }, { topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }, { maxSkew: 2, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] },
      `\
expected a whole number of at least 1, found 0 [args.defaultConstraints[0].maxSkew]
expected a label key, found "a b" [args.defaultConstraints[0].topologyKey]
expected DoNotSchedule or ScheduleAnyway, found "Never" [args.defaultConstraints[0].whenUnsatisfiable]
a default constraint has no labelSelector: it is deduced for each pod [args.defaultConstraints[0].labelSelector]
expected a whole number of at least 1, found nothing [args.defaultConstraints[1].maxSkew]
the pair of zone and DoNotSchedule stands here twice [args.defaultConstraints[2]]`,
    ],
    ['VolumeBinding', { bindTimeoutSeconds: -1, shape: [] }, 'expected a whole number of at least 0, found -1 [args.bindTimeoutSeconds]'],
    ['VolumeBinding', { shape: [{ utilization: 101, score: 1 }] }, 'expected a whole number from 0 to 100, found 101 [args.shape[0].utilization]'],
    ['DynamicResources', { filterTimeout: '-1s', bindingTimeout: '500ms' }, 'expected a duration of at least 0, found "-1s" [args.filterTimeout]\nexpected a duration of at least 1s, found "500ms" [args.bindingTimeout]'],
    ['NodeName', { a: 1 }, 'plugin NodeName takes no arguments [args]'],
  ])('%s %j', (name, members, expected) => {
    expect(args(name, members)).toBe(expected);
  });

  test('NodeAffinity: added terms must be well formed', () => {
    const required = (requirement: unknown) => ({ addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [requirement] }] } } });
    expect(args('NodeAffinity', required({ key: 'disk', operator: 'In', values: ['ssd'] }))).toBe('');
    const at = '[args.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms]';
    expect(args('NodeAffinity', required({ key: 'disk', operator: 'Is', values: ['ssd'] }))).toBe(`"Is" is not one of In, NotIn, Exists, DoesNotExist, Gt, Lt ${at}`);
    expect(args('NodeAffinity', required({ operator: 'In', values: 'ssd' }))).toBe(`\
a value is required here ${at.slice(0, -1)}[0].matchExpressions[0].key]
expected a list, found "ssd" ${at.slice(0, -1)}[0].matchExpressions[0].values]`);
    const preferred = { addedAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchFields: [{ key: 'metadata.name', operator: 'Exists' }] } }] } };
    expect(args('NodeAffinity', preferred)).toBe('"Exists" is not one of In, NotIn (field "metadata.name") [args.addedAffinity.preferredDuringSchedulingIgnoredDuringExecution]');
  });

  test('of a user\'s plugin', () => {
    const registry = fullRegistry({ name: 'Mine', points: ['score'], defaultArgs: { factor: 2 } }, { name: 'Plain', points: ['score'] });
    const raw = configuration({ profiles: [{ pluginConfig: [{ name: 'Mine', args: { factr: 3, factor: '3' } }, { name: 'Plain', args: {} }] }] });
    expect(mistakesIn(raw, { registry })).toBe(`\
plugin Mine has no argument "factr" — did you mean "factor"? [profiles[0].pluginConfig[0].args.factr]
expected a number, found "3" [profiles[0].pluginConfig[0].args.factor]
plugin Plain takes no arguments [profiles[0].pluginConfig[1].args]`);
  });
});

describe('extenders', () => {
  test('upstream\'s rules', () => {
    const extenders = [
      { urlPrefix: 'http://a', prioritizeVerb: 'p', bindVerb: 'b', managedResources: [{ name: 'example.com/gpu' }, { name: 'cpu' }, { name: 'kubernetes.io/x' }] },
      { urlPrefix: 'http://b', bindVerb: 'b', managedResources: [{ name: 'example.com/gpu' }], httpTimeout: 5, filterVerbs: '' },
    ];
    expect(told({ extenders })).toBe(`\
expected the name of an extended resource such as example.com/gpu, found "cpu" [extenders[0].managedResources[1].name]
expected the name of an extended resource such as example.com/gpu, found "kubernetes.io/x" [extenders[0].managedResources[2].name]
an extender with a prioritizeVerb needs a weight greater than 0 [extenders[0].weight]
unknown field "filterVerbs" — did you mean "filterVerb"? [extenders[1].filterVerbs]
expected a duration such as 15s, 1m30s or 500ms, found 5 [extenders[1].httpTimeout]
resource "example.com/gpu" is managed by an extender already [extenders[1].managedResources[0].name]
at most one extender may have a bindVerb, found 2 [extenders]`);
  });
});
