/** The steps of a resolved scenario as a user would write them: what results are written with. */
import { formatDuration } from '../base/duration.ts';
import type { NodeAmount, NodeChoice, Operation, Step, StepTarget } from './scenario.ts';
import type { Distribution } from '../kernel/distribution.ts';

/** `spellSeconds` spells a distribution of seconds. */
export function spellSteps(steps: readonly Step[], spellSeconds: (seconds: Distribution) => unknown): unknown[] {
  return steps.map(({ atMicros, operation }) => ({
    at: formatDuration(atMicros),
    [operation.verb]: spellOperation(operation, spellSeconds),
  }));
}

function spellOperation(operation: Operation, spellSeconds: (seconds: Distribution) => unknown): unknown {
  switch (operation.verb) {
    case 'outage':
      return { zone: operation.zone, label: operation.label, ...lasting('for', operation.forMicros) };
    case 'scale':
      return {
        workload: nameOf(operation.target),
        namespace: operation.target.namespace,
        replicas: operation.replicas,
      };
    case 'rollout': {
      const { target, image, container } = operation;
      const named = { ...(image === '' ? {} : { image }), ...(container === '' ? {} : { container }) };
      return { workload: nameOf(target), namespace: target.namespace, ...named };
    }
    case 'delete': {
      const { namespace } = operation.target;
      return { object: nameOf(operation.target), ...(namespace === '' ? {} : { namespace }) };
    }
    default:
      return { ...spellChoice(operation.nodes), ...spellNodeOperation(operation, spellSeconds) };
  }
}

function spellNodeOperation(
  operation: Extract<Operation, { readonly nodes: NodeChoice }>, spellSeconds: (seconds: Distribution) => unknown,
): object {
  switch (operation.verb) {
    case 'drain': {
      const { force, deleteEmptyDirData, ignoreDaemonSets, timeoutMicros } = operation;
      return { force, deleteEmptyDirData, ignoreDaemonSets, ...lasting('timeout', timeoutMicros) };
    }
    case 'slow':
      return { factor: operation.factor, ...lasting('for', operation.forMicros) };
    case 'reclaim':
      return { notice: formatDuration(operation.noticeMicros), ...lasting('for', operation.forMicros) };
    case 'partition':
    case 'registryOutage':
    case 'kill':
      return lasting('for', operation.forMicros);
    case 'upgrade':
      return {
        surge: spellAmount(operation.surge),
        maxUnavailable: spellAmount(operation.maxUnavailable),
        provisioning: spellSeconds(operation.provisionSeconds),
        ...lasting('drainTimeout', operation.drainTimeoutMicros),
      };
    default:
      return {};
  }
}

function lasting(key: string, micros: number | null): object {
  return micros === null ? {} : { [key]: formatDuration(micros) };
}

function nameOf({ kind, name }: StepTarget): string {
  return `${kind.toLowerCase()}/${name}`;
}

function spellAmount({ value, isPercent }: NodeAmount): number | string {
  return isPercent ? `${value}%` : value;
}

function spellChoice({ names, selector, pool }: NodeChoice): object {
  return {
    ...(names.length === 0 ? {} : { nodes: names }),
    ...(selector === '' ? {} : { selector }),
    ...(pool === '' ? {} : { pool }),
  };
}
