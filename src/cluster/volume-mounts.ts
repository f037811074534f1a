/** What kubelets ask of whoever attaches volumes. Types alone: nothing is loaded. */

export interface VolumeMounts {
  /** true: the pod has no volumes to wait for. Otherwise `then` is called when they are mounted. */
  areMounted(pod: number, then: () => void): boolean;
}
