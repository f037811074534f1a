/**
 * The spec of a ResourceQuota: names and amounts of what it counts, scopes.
 * Source: pkg/apis/core/validation ValidateResourceQuotaSpec, pkg/apis/core/helper IsStandardQuotaResourceName
 * (v1.36.2).
 */
import { nearestName } from '../../base/input-error.ts';
import { tryParseQuantity } from '../../base/quantity.ts';
import { qualifiedName } from './names.ts';
import { below, quoteShort } from '../../base/source-path.ts';
import type { Check } from '../../base/structure.ts';
import { isMapping, list, object, oneOf, quantity, text } from '../../base/structure.ts';

const AMOUNTS = ['cpu', 'memory', 'ephemeral-storage'];
const STANDARD = [
  ...AMOUNTS,
  ...AMOUNTS.map((name) => `requests.${name}`),
  ...AMOUNTS.map((name) => `limits.${name}`),
  'requests.storage',
  'pods',
  'services',
  'services.nodeports',
  'services.loadbalancers',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
];

export const scopeName: Check = oneOf(
  'Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
);

export const scopeSelector: Check = object({
  used: {
    matchExpressions: list(
      object({
        used: { scopeName, operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), values: list(text) },
        required: ['scopeName', 'operator'],
      }),
    ),
  },
});

export const quotaAmounts: Check = (value, path, findings) => {
  if (!isMapping(value)) return findings.error(path, 'expected a mapping of resources to amounts');
  for (const [name, amount] of Object.entries(value)) {
    const at = below(path, name);
    const isKnown = name.includes('/') || STANDARD.includes(name) || /^(requests\.)?hugepages-/u.test(name);
    if (name.includes('/')) qualifiedName(name, at, findings);
    else if (!isKnown) {
      findings.error(at, `a quota cannot count ${quoteShort(name)}`, nearestName(name, STANDARD), 'key');
    }
    quantity(amount, at, findings);
    const read = typeof amount === 'string' || typeof amount === 'number' ? tryParseQuantity(amount) : undefined;
    if (read?.sign() === -1) findings.error(at, `expected an amount of at least 0, found ${String(amount)}`);
  }
};
