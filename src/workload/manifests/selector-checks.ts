/**
 * Label selectors, node selectors and what upstream demands of their operators.
 * Source: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go,
 * pkg/apis/core/validation/validation.go (v1.36.2).
 */
import { labelMap, labelValue, qualifiedName } from './names.ts';
import type { Path } from '../../base/source-path.ts';
import { below, describeValue } from '../../base/source-path.ts';
import type { Check, Findings, Mapping } from '../../base/structure.ts';
import { all, isMapping, list, listOf, mappingOf, object, oneOf, text } from '../../base/structure.ts';

/** Values must be there for In and NotIn, must not for Exists and DoesNotExist. */
function operatorTakesValues(value: unknown, path: Path | null, findings: Findings): void {
  const { operator, values } = mappingOf(value);
  const count = listOf(values).length;
  if ((operator === 'In' || operator === 'NotIn') && count === 0)
    findings.error(path, `operator ${operator} needs at least one value`);
  if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0)
    findings.error(below(path, 'values'), `operator ${operator} takes no values`);
}

const labelRequirement: Check = all(
  object({
    used: { key: qualifiedName, operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), values: list(labelValue) },
    required: ['key', 'operator'],
  }),
  operatorTakesValues,
);

export const labelSelector: Check = object({
  used: { matchLabels: labelMap, matchExpressions: list(labelRequirement) },
});

function comparisonTakesOneInteger(value: unknown, path: Path | null, findings: Findings): void {
  const { operator, values } = mappingOf(value);
  if (operator !== 'Gt' && operator !== 'Lt') return;
  const [only, ...more] = listOf(values);
  const isInteger = typeof only === 'string' && /^[+-]?\d{1,18}$/.test(only);
  if (more.length > 0 || !isInteger)
    findings.error(path, `operator ${operator} needs exactly one value, a whole number in quotes`);
}

const nodeRequirement: Check = all(
  object({
    used: {
      key: qualifiedName,
      operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'),
      values: list(text),
    },
    required: ['key', 'operator'],
  }),
  operatorTakesValues,
  comparisonTakesOneInteger,
);

const fieldRequirement: Check = all(
  object({
    used: { key: oneOf('metadata.name'), operator: oneOf('In', 'NotIn'), values: list(text) },
    required: ['key', 'operator'],
  }),
  (value, path, findings) => {
    if (listOf(mappingOf(value)['values']).length !== 1)
      findings.error(path, 'a field requirement needs exactly one value');
  },
);

export const nodeSelectorTerm: Check = object({
  used: { matchExpressions: list(nodeRequirement), matchFields: list(fieldRequirement) },
});

export const nodeSelector: Check = all(
  object({ used: { nodeSelectorTerms: list(nodeSelectorTerm) } }),
  (value, path, findings) => {
    if (isMapping(value) && listOf(value['nodeSelectorTerms']).length === 0)
      findings.error(path, 'expected at least one of nodeSelectorTerms');
  },
);

/** Shows labels in messages: `app=web,tier=front`, or words for none. */
export function describeLabels(labels: Mapping): string {
  const parts = Object.entries(labels).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : describeValue(value)}`,
  );
  return parts.length === 0 ? 'no labels' : parts.join(',');
}
