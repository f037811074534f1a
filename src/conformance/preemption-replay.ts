/**
 * What preemption makes of a failed cycle: who may preempt, every candidate with its victims, the best of them, the
 * text when there is none.
 */
import { assert } from '../base/assert.ts';
import type { CycleState } from '../scheduler/framework/cycle-state.ts';
import type { Diagnosis } from '../scheduler/framework/diagnosis.ts';
import type { Handle } from '../scheduler/framework/plugin-api.ts';
import type { PodInfo } from '../scheduler/framework/pod-info.ts';
import type { Profile } from '../scheduler/framework/profile.ts';
import { statusMessage } from '../scheduler/framework/status.ts';
import { ineligibility } from '../scheduler/plugins/default-preemption.ts';
import { bestCandidates, dryRunPreemption } from '../scheduler/preemption/candidates.ts';
import type { RecordedPreemption } from './vector-lines.ts';

const PLUGIN = 'DefaultPreemption';

export interface PreemptionContext {
  readonly profile: Profile;
  readonly handle: Handle;
  /** `namespace/name` of a pod's row. */
  keyOf(row: number): string;
}

export function replayPreemption(
  context: PreemptionContext,
  pod: PodInfo,
  state: CycleState,
  diagnosis: Diagnosis,
): RecordedPreemption {
  const { handle } = context;
  const reason = ineligibility(handle, pod, diagnosis);
  if (reason !== '') return { eligible: false, reason };
  const potential = diagnosis.unschedulable(handle.snapshot.nodes);
  // Every potential node is looked at: the recording holds all candidates.
  const dryRun = dryRunPreemption(handle, state, pod, diagnosis, potential, {
    candidates: potential.length,
    offset: 0,
  });
  if (dryRun.candidates.length === 0)
    return { eligible: true, message: diagnosis.message(postFilterText(context, pod, state, diagnosis)) };
  const candidates = dryRun.candidates.map(({ nodeName, victims, pdbViolations }) => ({
    node: nodeName,
    victims: victims.map((row) => context.keyOf(row)),
    pdbViolations,
  }));
  const best = bestCandidates(dryRun.candidates).map(({ nodeName }) => nodeName);
  return { eligible: true, candidates, best };
}

/** Of DefaultPreemption alone, without other PostFilter plugins. */
function postFilterText({ profile }: PreemptionContext, pod: PodInfo, state: CycleState, diagnosis: Diagnosis): string {
  const plugin = profile.postFilter.find(({ name }) => name === PLUGIN);
  assert(plugin !== undefined, `the recorded profile has no ${PLUGIN}`);
  const { status } = plugin.postFilter(state, pod, diagnosis);
  return status === null ? '' : statusMessage(status);
}
