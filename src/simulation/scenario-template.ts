/** Scenarios to start from, for `podyard init`. Tests read them back without a warning. */

export type ScenarioTemplateName = 'small' | 'default';

/** Where editors find the schema when the package is installed. */
const SCHEMA_LINE = '# yaml-language-server: $schema=./node_modules/podyard/schemas/scenario.schema.json';

export function initScenario(template: ScenarioTemplateName): string {
  return `${SCHEMA_LINE}\n${template === 'small' ? SMALL : DEFAULT}`;
}

const SMALL = `
# Three nodes, one service, a few jobs. To run it: podyard run FILE
name: small
seed: podyard          # any text; equal seeds give equal runs
duration: 1h           # 90s, 5m, 24h, 1h30m

nodePools:
  - name: general
    count: 3
    allocatable: {cpu: 4, memory: 16Gi}

workloads:
  - name: web
    kind: Deployment
    replicas: 4
    requests: {cpu: 500m, memory: 1Gi}
  - name: job
    kind: Job
    arrivals: {poisson: {ratePerHour: 30}}
    lifetime: {lognormal: {median: 4m, sigma: 1}, atMost: 30m}
    requests: {cpu: 1, memory: 2Gi}
`;

const DEFAULT = `
# A day of a cluster: services, jobs, priorities, failures, an autoscaled pool.
# Every field with its unit and default: docs/formats/scenario-fields.md, or your editor's completion.
name: my-cluster
description: What this scenario is for
seed: podyard
duration: 24h

nodePools:
  - name: general
    count: 20
    zones: [zone-a, zone-b, zone-c]
    allocatable: {cpu: 7910m, memory: 29Gi, pods: 110}
    labels: {pool: general}
    costPerHour: 0.38
  - name: burst
    allocatable: {cpu: 7910m, memory: 29Gi, pods: 110}
    zones: [zone-a, zone-b, zone-c]
    costPerHour: 0.15
    autoscaling: {min: 1, max: 20, provisioning: {lognormal: {median: 2m, sigma: 0.4}}}

# Nodes and objects of a real cluster, instead of or besides the above:
#   kubectl get nodes -o yaml > nodes.yaml
#   kubectl get deployments,daemonsets,priorityclasses -A -o yaml > objects.yaml
# nodes: ./nodes.yaml
# manifests: [./objects.yaml]

priorityClasses:
  high: 1000
  low: {value: -5, preemptionPolicy: Never}

workloads:
  - name: agent
    kind: DaemonSet
    priorityClass: system-node-critical
    requests: {cpu: 100m, memory: 128Mi}
  - name: service
    kind: Deployment
    arrivals: {at: 1m, count: 15}
    replicas: {uniform: {min: 2, max: 6}}
    priorityClass: high
    shapes:
      - {weight: 3, requests: {cpu: 250m, memory: 512Mi}}
      - {weight: 1, requests: {cpu: 1, memory: 2Gi}}
  - name: batch
    kind: Job
    arrivals: {diurnal: {meanRatePerHour: 60, amplitude: 0.7, peak: 14h}}
    replicas: {boundedPareto: {min: 1, max: 20, alpha: 1.4}}
    lifetime: {lognormal: {median: 8m, sigma: 1.3}, atMost: 12h}
    priorityClass: low
    requests: {cpu: 1, memory: 2Gi}
    # A whole pod template may stand here: labels, tolerations, affinity, images.
    # template: {spec: {containers: [{name: main, image: busybox}], nodeSelector: {pool: general}}}

scheduler:
  # config: ./kube-scheduler.yaml      # a KubeSchedulerConfiguration
  cycleTime: 1.3ms

failures:
  - name: node-crash
    uptime: {exponential: {mean: 30d}}
    repair: {lognormal: {median: 12m, sigma: 0.8}}
`;
