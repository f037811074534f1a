/**
 * What workload objects say of their pods' number, updates and ends: the members of their specs, each with its check.
 * Source: pkg/apis/{apps,batch}/validation (v1.36.2).
 */
import { claimTemplate } from './pod-checks.ts';
import type { Path } from '../../base/source-path.ts';
import { describeValue } from '../../base/source-path.ts';
import type { Check, Findings } from '../../base/structure.ts';
import { COUNT, flag, list, object, oneOf, text, whole } from '../../base/structure.ts';

export function amountOrPercent(value: unknown, path: Path | null, findings: Findings): void {
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0;
  const isPercent = typeof value === 'string' && /^\d{1,9}%$/.test(value);
  if (!isCount && !isPercent)
    findings.error(
      path,
      `expected a whole number of at least 0 or a percentage such as "25%", found ${describeValue(value)}`,
    );
}

type Members = Readonly<Record<string, Check>>;

const rollingUpdate = (members: Members): Check => object({ used: members });

export const REPLICA_SET_FIELDS: Members = { replicas: COUNT, minReadySeconds: COUNT };

export const DEPLOYMENT_FIELDS: Members = {
  replicas: COUNT,
  paused: flag,
  minReadySeconds: COUNT,
  progressDeadlineSeconds: COUNT,
  revisionHistoryLimit: COUNT,
  strategy: object({
    used: {
      type: oneOf('RollingUpdate', 'Recreate'),
      rollingUpdate: rollingUpdate({ maxSurge: amountOrPercent, maxUnavailable: amountOrPercent }),
    },
  }),
};

export const STATEFUL_FIELDS: Members = {
  replicas: COUNT,
  minReadySeconds: COUNT,
  revisionHistoryLimit: COUNT,
  podManagementPolicy: oneOf('OrderedReady', 'Parallel'),
  ordinals: object({ used: { start: COUNT } }),
  volumeClaimTemplates: list(claimTemplate),
  persistentVolumeClaimRetentionPolicy: object({
    used: { whenDeleted: oneOf('Retain', 'Delete'), whenScaled: oneOf('Retain', 'Delete') },
  }),
  updateStrategy: object({
    used: {
      type: oneOf('RollingUpdate', 'OnDelete'),
      rollingUpdate: rollingUpdate({ partition: COUNT, maxUnavailable: amountOrPercent }),
    },
  }),
};

const podFailurePolicy: Check = object({
  used: {
    rules: list(
      object({
        used: {
          action: oneOf('FailJob', 'FailIndex', 'Ignore', 'Count'),
          onExitCodes: object({
            used: { containerName: text, operator: oneOf('In', 'NotIn'), values: list(whole(0, 255)) },
            required: ['operator', 'values'],
          }),
          onPodConditions: list(object({ used: { type: text, status: text }, required: ['type'] })),
        },
        required: ['action'],
      }),
    ),
  },
  required: ['rules'],
});

const successPolicy: Check = object({
  used: { rules: list(object({ used: { succeededIndexes: text, succeededCount: COUNT } })) },
  required: ['rules'],
});

export const JOB_FIELDS: Members = {
  completions: COUNT,
  parallelism: COUNT,
  backoffLimit: COUNT,
  backoffLimitPerIndex: COUNT,
  maxFailedIndexes: COUNT,
  activeDeadlineSeconds: COUNT,
  ttlSecondsAfterFinished: COUNT,
  suspend: flag,
  completionMode: oneOf('NonIndexed', 'Indexed'),
  podReplacementPolicy: oneOf('TerminatingOrFailed', 'Failed'),
  podFailurePolicy,
  successPolicy,
  managedBy: text,
};

/** Of a CronJob, but for its template. */
export const CRON_JOB_FIELDS: Members = {
  schedule: text,
  timeZone: text,
  concurrencyPolicy: oneOf('Allow', 'Forbid', 'Replace'),
  startingDeadlineSeconds: COUNT,
  suspend: flag,
  successfulJobsHistoryLimit: COUNT,
  failedJobsHistoryLimit: COUNT,
};
