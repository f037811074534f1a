/**
 * Settings of the kube-scheduler process that do not reach its decisions: leader election, the API client, profiling.
 * Read and validated as upstream does (component-base/config), then dropped.
 */
import type { Cursor } from './reading.ts';

const SECOND = 1_000_000;

export const COMPONENT_FIELDS = [
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
  'delayCacheUntilActive',
] as const;

/** Of versions before v1; upstream took them out. */
export const REMOVED_FIELDS = ['healthzBindAddress', 'metricsBindAddress'] as const;

export function checkComponentSettings(root: Cursor): void {
  checkLeaderElection(root.at('leaderElection'));
  checkClientConnection(root.at('clientConnection'));
  root.at('enableProfiling').flag(true);
  root.at('enableContentionProfiling').flag(true);
  root.at('delayCacheUntilActive').flag(false);
  for (const name of REMOVED_FIELDS) {
    const field = root.at(name);
    if (field.absent) continue;
    if (field.text('') === '') continue;
    field.problem(`"${name}" was removed with kubescheduler.config.k8s.io/v1beta3; leave it out`);
  }
}

function checkLeaderElection(cursor: Cursor): void {
  cursor.members(
    'leaderElect',
    'leaseDuration',
    'renewDeadline',
    'retryPeriod',
    'resourceLock',
    'resourceName',
    'resourceNamespace',
  );
  const lease = cursor.at('leaseDuration');
  const renew = cursor.at('renewDeadline');
  const retry = cursor.at('retryPeriod');
  const leaseMicros = nonZero(lease.duration(0), 15 * SECOND);
  const renewMicros = nonZero(renew.duration(0), 10 * SECOND);
  const retryMicros = nonZero(retry.duration(0), 2 * SECOND);
  const lock = cursor.at('resourceLock');
  const lockName = lock.text('leases');
  cursor.at('resourceName').text('');
  cursor.at('resourceNamespace').text('');
  if (!cursor.at('leaderElect').flag(true)) return;
  for (const [field, micros] of [[lease, leaseMicros], [renew, renewMicros], [retry, retryMicros]] as const) {
    if (micros < 0) field.unexpected('a duration greater than zero', 0);
  }
  if (leaseMicros <= renewMicros) lease.problem('leaseDuration must be greater than renewDeadline');
  if (lockName !== '' && lockName !== 'leases') lock.unexpected('"leases"', '');
}

/** Zero counts as unset. */
function nonZero(micros: number, fallback: number): number {
  return micros === 0 ? fallback : micros;
}

function checkClientConnection(cursor: Cursor): void {
  cursor.members('kubeconfig', 'acceptContentTypes', 'contentType', 'qps', 'burst');
  cursor.at('kubeconfig').text('');
  cursor.at('acceptContentTypes').text('');
  cursor.at('contentType').text('');
  cursor.at('qps').number(50);
  cursor.at('burst').integer(100, 0);
}
