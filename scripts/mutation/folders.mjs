// Which folders of src/ are mutated, and which tests judge each: those near it and quick far ones that say what should
// happen (stories of decisions, laws, small scenarios, recorded answers of upstream's controllers where they are beside
// the checkout), so that a mutant costs seconds. What only slow tests would notice (recorded clusters, golden digests,
// documents, the command line) counts as unnoticed here.
const STORIES = 'test/conformance/stories.test.ts';

export const FOLDERS = {
  kernel: [
    'test/laws/kernel-*.test.ts',
    'test/laws/queueing-kernel.test.ts',
    'test/workload/request-windows.test.ts',
    'test/failures/crash-processes.test.ts',
  ],
  'base/statistics': [
    'test/laws/statistics*.test.ts',
    'test/golden/statistics.test.ts',
    'test/metrics/sample-set.test.ts',
  ],
  metrics: [
    'test/metrics/*.test.ts',
    'test/scenarios/{why-pods-wait,open-outages,two-schedulers,node-life,container-lives}.test.ts',
    'test/operations/steps.test.ts',
  ],
  autoscaling: [
    'test/autoscaling/*.test.ts',
    'test/scenarios/known-departures.test.ts',
  ],
  cluster: [
    'test/cluster/*.test.ts',
    'test/laws/{selectors,pod-requests,late-watches}*.test.ts',
    'test/vectors/control-plane-{selectors,pod-requests,priority}.test.ts',
    'test/plugins/{volume,node-volume,dynamic,inter-pod,pod-topology,gpu-policies,by-template}*.test.ts',
    'test/scheduler/{assumed-pods,cycle-*,queue/*}.test.ts',
    'test/scenarios/{workload-controllers,daemon-sets,node-life,node-illnesses,quotas}.test.ts',
    'test/scenarios/{claims-from-a-cluster,volumes-on-nodes}.test.ts',
    'test/{controllers/disruption,control-plane/eviction,autoscaling/draining}.test.ts',
    STORIES,
  ],
  'control-plane': [
    'test/control-plane/*.test.ts',
    'test/controllers/{quota-ledger,disruption}.test.ts',
    'test/laws/{pod-requests-defaults,late-watches}.test.ts',
    'test/scenarios/{quotas,admission-and-choice,stacks}.test.ts',
    'test/vectors/control-plane-{pod-requests,policies}.test.ts',
  ],
  controllers: [
    'test/controllers/*.test.ts',
    'test/vectors/control-plane-{controllers,policies}.test.ts',
    'test/scenarios/{workload-controllers,daemon-sets,node-life,node-illnesses}.test.ts',
  ],
  'scheduler/framework': [
    'test/scheduler/framework/*.test.ts',
    'test/scheduler/{cycle-*,fit-error-messages,foreign-schedulers,post-filter-errors,config,queue/*}.test.ts',
    'test/plugins/*.test.ts',
    'test/laws/{window-index,fast-equals-plain}.test.ts',
    STORIES,
  ],
  'scheduler/plugins': [
    'test/plugins/*.test.ts',
    'test/scheduler/{fit-error-messages,cycle-choice,cycle-preemption,preemption-twin,post-filter-errors,config}.test.ts',
    STORIES,
  ],
  'scheduler/fast': [
    'test/scheduler/template-index.test.ts',
    'test/laws/{window-index,node-order,cached-equals-plain,repeated-failures,fast-equals-plain}.test.ts',
    'test/scenarios/returning-groups.test.ts',
    STORIES,
  ],
  'scheduler/queue': [
    'test/scheduler/queue/*.test.ts',
    'test/scheduler/{foreign-schedulers,cycle-failures,cycle-binding}.test.ts',
    'test/laws/{queue-shortcuts,followed-nominations}.test.ts',
    STORIES,
  ],
  'scheduler/preemption': [
    'test/scheduler/{preemption-twin,cycle-preemption,post-filter-errors,queue/nominator}.test.ts',
    STORIES,
  ],
  'scheduler/cache': [
    'test/scheduler/{cache-*,assumed-pods,template-index,cycle-preemption}.test.ts',
    'test/plugins/image-locality.test.ts',
    'test/laws/node-order.test.ts',
    STORIES,
  ],
  'scheduler/config': ['test/scheduler/{config,config-mistakes,duration-text,cycle-choice}.test.ts'],
  'scheduler/what-if': [
    'test/scheduler/what-if-twin.test.ts',
    'test/experiment/what-if.test.ts',
    'test/autoscaling/{scale-*,placement-memory}.test.ts',
  ],
};
