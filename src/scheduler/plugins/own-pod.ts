/** Whether an event on a pod concerns the waiting pod itself (upstream compares UIDs). */
import type { PodEventView } from '../framework/cluster-event.ts';
import type { PodInfo } from '../framework/pod-info.ts';

export function isOwnPod(pod: PodInfo, subject: PodEventView | undefined): boolean {
  return subject !== undefined && subject.row === pod.row && subject.incarnation === pod.incarnation;
}
