/** What kubelets ask of whoever attaches volumes. Types alone: nothing is loaded. */

/** Why a pod cannot run on its node, as its status says it. */
export interface MountRefusal {
  readonly reason: string;
  readonly message: string;
}

export interface VolumeMounts {
  /**
   * true: the pod has no volumes to wait for. Otherwise `then` is called: with null when they are mounted, with a
   * refusal when the node cannot take them.
   */
  areMounted(pod: number, then: (refusal: MountRefusal | null) => void): boolean;
}
