/**
 * Replays of the suites that are about workload controllers, by `suite/kind`: one recorded input in, our answer out.
 */
import { replayCronJob } from './cron-replay.ts';
import { replayDaemonSet, replayShouldRun } from './daemon-replay.ts';
import { replayFenceposts, replayNewReplicas, replayProportion, replayRollout } from './deployment-replay.ts';
import { replayJob } from './job-replay.ts';
import { replayStatefulSet } from './statefulset-replay.ts';
import type { Fields } from './recorded-fields.ts';

export const CONTROLLER_REPLAYS: ReadonlyMap<string, (input: Fields) => Fields> = new Map([
  ['cron/sequence', replayCronJob],
  ['daemon/shouldRun', replayShouldRun],
  ['daemon/sequence', replayDaemonSet],
  ['deployment/fenceposts', replayFenceposts],
  ['deployment/newReplicas', replayNewReplicas],
  ['deployment/proportion', replayProportion],
  ['deployment/rollout', replayRollout],
  ['job/sequence', replayJob],
  ['statefulset/sequence', replayStatefulSet],
]);
