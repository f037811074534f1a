/** The `steps` of a scenario as users write them: one verb each, with kubectl's words where kubectl has them. */
import { z } from 'zod';
import { duration, durationDistribution, flag, list, mapping, number, text, whole } from './scenario-fields.ts';

const nodeFields = {
  nodes: list(text('Node'), 'Names of nodes').optional(),
  selector: text('Label selector as for kubectl: the nodes that it matches when the step begins').optional(),
  pool: text(
    'Name of a pool, or the value of a label by which GKE, EKS, AKS, Karpenter or eksctl name their node groups',
  ).optional(),
};

const AMOUNT = 'expected a whole number or a percentage such as 33%';

const amount = (help: string) =>
  z
    .union(
      [
        z.int({ error: () => AMOUNT }).min(0, { error: () => AMOUNT }),
        z.string({ error: () => AMOUNT }).regex(/^(?:100|\d{1,2})%$/, { error: () => AMOUNT }),
      ],
      { error: () => AMOUNT },
    )
    .describe(help);

const workload = (help: string) => text(`${help}: kind/name as for kubectl, such as deploy/web`);
const namespace = text('Namespace of the object').default('default');
const lasting = duration('How long it lasts. Default: for ever').optional();

const drain = mapping(
  {
    ...nodeFields,
    force: flag('Pods without a controller are evicted, too, and are gone for good. Default false (--force)').default(
      false,
    ),
    deleteEmptyDirData: flag(
      'Pods with emptyDir volumes are evicted, too. Default false (--delete-emptydir-data)',
    ).default(false),
    ignoreDaemonSets: flag("DaemonSets' pods stay and are no obstacle. Default true, unlike kubectl's flag").default(
      true,
    ),
    timeout: duration('When kubectl gives up on a node. Default: never (--timeout 0)').optional(),
  },
  'kubectl drain: all nodes are cordoned, then drained one after the other through the eviction API',
);

const upgrade = mapping(
  {
    ...nodeFields,
    surge: amount('New nodes that boot before old ones are drained; a percentage is rounded up. Default 1').default(1),
    maxUnavailable: amount(
      'Nodes that are drained before their replacements boot; a percentage is rounded down. Default 0',
    ).default(0),
    provisioning: durationDistribution(
      "Time from the request for a machine until its node is Ready. Default: as that of a pool's autoscaling, lognormal, median 2m, sigma 0.4",
    ).default({ lognormal: { median: '2m', sigma: 0.4 }, atLeast: '20s', atMost: '15m' }),
    drainTimeout: duration(
      'When a node is deleted with the pods that are left on it (GKE waits 1h, AKS 30m). Default: never',
    ).optional(),
  },
  'Every node is replaced by a new one, as node pools of cloud providers are upgraded',
);

export const stepSchema = z.strictObject({
  at: duration('When the step begins, since the start of the run'),
  cordon: mapping(nodeFields, 'No new pods on these nodes').optional(),
  uncordon: mapping(nodeFields, 'New pods again').optional(),
  drain: drain.optional(),
  kill: mapping({ ...nodeFields, for: lasting }, 'The machines stop; their Node objects stay').optional(),
  partition: mapping(
    { ...nodeFields, for: lasting },
    'The nodes are cut off from the API server: what runs there runs on, and nobody hears of it',
  ).optional(),
  slow: mapping(
    {
      ...nodeFields,
      factor: number('How many times as long everything takes that the kubelet does. Default 4', 1, 1000).default(4),
      for: lasting,
    },
    'Slow kubelets: pods start and stop later, heartbeats come more rarely',
  ).optional(),
  reclaim: mapping(
    {
      ...nodeFields,
      notice: duration('From the notice until the machine goes. Default 2m (AWS; 30s on GCP and Azure)').default('2m'),
      for: duration('Until a new machine of the name comes. Default: none comes').optional(),
    },
    'The provider takes spot machines back: they are cordoned and drained from the notice on, and go',
  ).optional(),
  registryOutage: mapping(
    { ...nodeFields, for: lasting },
    'No image can be pulled on these nodes. Without nodes, selector and pool: on all nodes',
  ).optional(),
  outage: mapping(
    {
      zone: text('Value of the label'),
      label: text('Label that tells zones apart. Default topology.kubernetes.io/zone').default(
        'topology.kubernetes.io/zone',
      ),
      for: lasting,
    },
    'All machines of a zone stop',
  ).optional(),
  scale: mapping(
    { workload: workload('What to scale'), namespace, replicas: whole('spec.replicas', 0, 1_000_000) },
    'kubectl scale',
  ).optional(),
  rollout: mapping(
    {
      workload: workload('What to roll out'),
      namespace,
      image: text(
        'New image of the containers; `:v2` changes the tag alone. Default: none, as kubectl rollout restart',
      ).optional(),
      container: text('Name of the container. Default: all').optional(),
    },
    'kubectl set image, or rollout restart: a new pod template',
  ).optional(),
  delete: mapping({ object: workload('What to delete'), namespace }, 'kubectl delete').optional(),
  upgrade: upgrade.optional(),
});

export type StepInput = z.output<typeof stepSchema>;
export type NodeFieldsInput = NonNullable<StepInput['cordon']>;

export const STEP_VERBS = [
  'cordon', 'uncordon', 'drain', 'kill', 'partition', 'slow', 'reclaim', 'registryOutage', 'outage', 'scale', 'rollout',
  'delete', 'upgrade',
] as const;
