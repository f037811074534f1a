/** What the writers of the cluster tell the digest. */
import type { Digest } from '../base/digest.ts';
import type { Micros } from '../base/time.ts';

/** Digest codes of the verbs. Frozen: changing one changes every golden digest. */
export const Verb = {
  CreatePod: 1,
  AssumePod: 2,
  ForgetPod: 3,
  BindPod: 4,
  StartPod: 5,
  InterruptPod: 6,
  TerminatePod: 7,
  RemovePod: 8,
  UpdatePod: 9,
  NominatePod: 10,
  AddNode: 11,
  UpdateNode: 12,
  RemoveNode: 13,
  NodeHealth: 14,
  Template: 15,
  PutObject: 16,
  RemoveObject: 17,
  AcknowledgePod: 18,
  EndPod: 19,
  PodReady: 20,
  CountPod: 21,
  RestartContainer: 22,
  CreateWorkload: 23,
  UpdateWorkload: 24,
  WorkloadStatus: 25,
  DeleteWorkload: 26,
  RemoveWorkload: 27,
  FailContainer: 28,
  NodeTrouble: 29,
  PodWaits: 30,
} as const;

/** What the cluster needs of the kernel. */
export interface ClusterClock {
  readonly now: Micros;
  readonly digest: Pick<Digest, 'addInt' | 'addNumber' | 'addText'>;
}
