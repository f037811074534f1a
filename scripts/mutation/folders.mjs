// Which folders of src/ are mutated, and which tests judge each: those near it, so that a mutant costs seconds.
// What only far tests would notice (golden digests, documents, the command line) counts as unnoticed here.
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
    'test/scenarios/{why-pods-wait,open-outages,two-schedulers}.test.ts',
    'test/operations/steps.test.ts',
  ],
  autoscaling: ['test/autoscaling/*.test.ts', 'test/scenarios/end-of-run.test.ts'],
  cluster: ['test/cluster/*.test.ts', 'test/laws/selectors*.test.ts', 'test/laws/pod-requests*.test.ts'],
  'control-plane': [
    'test/controllers/quota-ledger.test.ts',
    'test/laws/pod-requests-defaults.test.ts',
    'test/scenarios/{quotas,admission-and-choice,late-watches}.test.ts',
    'test/scheduler/cycle-binding.test.ts',
  ],
  controllers: ['test/controllers/*.test.ts', 'test/scenarios/{workload-controllers,daemon-sets,node-life}.test.ts'],
  'scheduler/framework': ['test/scheduler/**/*.test.ts', 'test/plugins/*.test.ts', 'test/laws/window-index.test.ts'],
  'scheduler/plugins': ['test/plugins/*.test.ts', 'test/scheduler/{fit-error-messages,cycle-choice,config}.test.ts'],
  'scheduler/fast': [
    'test/scheduler/template-index.test.ts',
    'test/laws/{window-index,node-order,fast-equals-plain,cached-equals-plain}.test.ts',
    'test/scenarios/returning-groups.test.ts',
  ],
  'scheduler/queue': ['test/scheduler/queue/*.test.ts', 'test/scheduler/{foreign-schedulers,cycle-failures}.test.ts'],
  'scheduler/preemption': ['test/scheduler/{cycle-preemption,post-filter-errors}.test.ts'],
  'scheduler/cache': ['test/scheduler/{assumed-pods,template-index}.test.ts', 'test/laws/node-order.test.ts'],
};
