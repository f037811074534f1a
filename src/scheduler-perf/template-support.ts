/** Which of a workload's templates cannot be simulated, and why: found before anything is played. */
import { KINDS } from '../workload/manifests/object-checks.ts';
import { mappingOf } from '../base/structure.ts';
import type { Mapping } from '../base/structure.ts';
import { TemplateError } from './object-template.ts';
import type { ObjectTemplates, TemplateValues } from './object-template.ts';
import type { PerfOp } from './ops.ts';
import type { PerfCase } from './perf-file.ts';

const CLAIM_KINDS = new Set([
  'ResourceClaim',
  'ResourceClaimTemplate',
  'DeviceClass',
  'ResourceSlice',
  'DeviceTaintRule',
]);
const GROUP_KINDS = new Set(['PodGroup', 'Workload']);
/** What createAny and churn may make beside Node, Pod and Namespace and change nothing by it. */
const OTHER_KINDS = new Set(['ConfigMap', 'Secret', 'ServiceAccount', 'Event', 'Endpoints', 'EndpointSlice', 'Lease']);

export interface TemplateSupport {
  readonly unsupported: readonly string[];
  readonly notes: readonly string[];
}

interface TemplateUse {
  readonly path: string;
  readonly values: TemplateValues;
}

/** Throws InputError for a template that is missing or broken. */
export function templateSupport(
  perfCase: PerfCase,
  ops: readonly PerfOp[],
  templates: ObjectTemplates,
): TemplateSupport {
  const unsupported: string[] = [];
  const notes: string[] = [];
  for (const [index, op] of ops.entries()) {
    for (const { path, values } of templatesOf(op, perfCase)) {
      const place = `op ${index} (${op.opcode}): ${path}`;
      try {
        examine(templates.get(perfCase.file, path).make(values), place, unsupported, notes);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        unsupported.push(`${place}: ${error.message}`);
      }
    }
  }
  return { unsupported: [...new Set(unsupported)], notes: [...new Set(notes)] };
}

function templatesOf(op: PerfOp, perfCase: PerfCase): TemplateUse[] {
  const use = (path: string | null, count: number, params: Mapping): TemplateUse[] =>
    path === null ? [] : [{ path, values: { ...params, Index: 0, Count: count } }];
  switch (op.opcode) {
    case 'createNodes':
      return use(op.templatePath, op.count, op.params);
    case 'createPods':
      return [
        ...use(op.templatePath ?? perfCase.defaultPodTemplatePath, op.count, op.params),
        ...use(op.volumeTemplatePath, 1, {}),
        ...use(op.claimTemplatePath, 1, {}),
      ];
    case 'createPodSets':
      return templatesOf(op.pods, perfCase);
    case 'createNamespaces':
      return use(op.templatePath, op.count, {});
    case 'createAny':
      return use(op.templatePath, op.count, op.params);
    case 'updateAny':
      return use(op.templatePath, op.count, {});
    case 'churn':
      return op.templatePaths.flatMap((path) => use(path, 1, {}));
    case 'barrier':
    case 'sleep':
    case 'deletePods':
    case 'startCollectingMetrics':
    case 'stopCollectingMetrics':
    case 'none':
      return [];
  }
}

function examine(object: Mapping, place: string, unsupported: string[], notes: string[]): void {
  const kind = typeof object['kind'] === 'string' ? object['kind'] : '';
  const spec = mappingOf(object['spec']);
  if (CLAIM_KINDS.has(kind)) unsupported.push(`${place}: ${kind} (DRA) is not simulated`);
  else if (GROUP_KINDS.has(kind)) unsupported.push(`${place}: ${kind} (pod groups) is not simulated`);
  else if (kind === 'Pod' && spec['schedulingGroup'] !== undefined)
    unsupported.push(`${place}: spec.schedulingGroup: pod groups are not simulated`);
  else if (!KINDS.has(kind) && OTHER_KINDS.has(kind)) notes.push(`${place}: a ${kind} changes no decision`);
  else if (!KINDS.has(kind))
    unsupported.push(`${place}: objects of kind ${kind === '' ? '(none)' : kind} are not simulated`);
}
