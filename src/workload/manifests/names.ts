/**
 * Syntax of names, labels, taints and resource names.
 * Source: staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go, pkg/apis/core/validation/validation.go
 * (v1.36.2).
 */
import { nearestName } from '../../base/input-error.ts';
import type { Check, Findings } from '../../base/structure.ts';
import { mapOf, quantityMistake, quoteHint } from '../../base/structure.ts';
import type { Path } from '../../base/source-path.ts';
import { describeValue, quoteShort } from '../../base/source-path.ts';

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_PART = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

export function isSubdomain(name: string): boolean {
  return name.length <= 253 && DNS_SUBDOMAIN.test(name);
}

/** Names of most objects. */
export function subdomainName(value: unknown, path: Path | null, findings: Findings): void {
  if (typeof value === 'string' && isSubdomain(value)) return;
  const expected =
    'expected a name of lower-case letters, digits, "-" and ".", starting and ending with a letter or digit, at most ' +
      '253 long';
  findings.error(path, `${expected}, found ${describeValue(value)}${quoteHint(value)}`);
}

/** Names of namespaces, containers, services. */
export function labelName(value: unknown, path: Path | null, findings: Findings): void {
  if (typeof value === 'string' && DNS_LABEL.test(value)) return;
  const expected =
    'expected a name of lower-case letters, digits and "-", starting and ending with a letter or digit, at most 63 ' +
      'long';
  findings.error(path, `${expected}, found ${describeValue(value)}${quoteHint(value)}`);
}

/** Remembers good names: dumps repeat a few keys and values many thousand times. */
class GoodNames {
  readonly #good = new Set<string>();
  readonly #test: (name: string) => boolean;

  constructor(test: (name: string) => boolean) {
    this.#test = test;
  }

  has(name: string): boolean {
    if (this.#good.has(name)) return true;
    if (!this.#test(name)) return false;
    if (this.#good.size < 65_536) this.#good.add(name);
    return true;
  }
}

const qualifiedNames = new GoodNames((name) => {
  const slash = name.indexOf('/');
  return slash === -1
    ? QUALIFIED_PART.test(name)
    : isSubdomain(name.slice(0, slash)) && QUALIFIED_PART.test(name.slice(slash + 1));
});
const labelValues = new GoodNames((value) => LABEL_VALUE.test(value));

/** What is wrong with a label key (taint keys and resource names follow the same syntax). */
export function qualifiedNameMistake(name: string): string | undefined {
  if (qualifiedNames.has(name)) return undefined;
  return `expected a key such as app or example.com/app (letters, digits, "-", "_", "."; at most 63 after the slash), found ${quoteShort(name)}`;
}

export function qualifiedName(value: unknown, path: Path | null, findings: Findings): void {
  if (typeof value !== 'string')
    return findings.error(path, `expected a text, found ${describeValue(value)}${quoteHint(value)}`);
  const wrong = qualifiedNameMistake(value);
  if (wrong !== undefined) findings.error(path, wrong);
}

export function labelValue(value: unknown, path: Path | null, findings: Findings): void {
  if (typeof value === 'string' && labelValues.has(value)) return;
  if (typeof value !== 'string')
    return findings.error(path, `expected a text, found ${describeValue(value)}${quoteHint(value)}`);
  findings.error(
    path,
    'expected a label value (letters, digits, "-", "_", "."; starting and ending with a letter or digit; at most ' +
      `63), found ${quoteShort(value)}`,
  );
}

export const labelMap: Check = mapOf(qualifiedNameMistake, labelValue);

const NATIVE_RESOURCES: readonly string[] = ['cpu', 'memory', 'ephemeral-storage', 'pods', 'storage'];

/** What is wrong with the name of a resource in requests, limits, capacity or allocatable. */
export function resourceNameMistake(
  name: string,
): { readonly message: string; readonly suggestion: string | undefined } | undefined {
  if (NATIVE_RESOURCES.includes(name) || name.startsWith('hugepages-') || name.startsWith('attachable-volumes-'))
    return undefined;
  if (name.includes('/')) {
    const wrong = qualifiedNameMistake(name);
    return wrong === undefined ? undefined : { message: wrong, suggestion: undefined };
  }
  const suggestion = /^(?:mem|ram)$/i.test(name) ? 'memory' : nearestName(name, NATIVE_RESOURCES);
  return {
    message: `unknown resource ${quoteShort(name)}: expected cpu, memory, ephemeral-storage, hugepages-<size> or ` +
      '<domain>/<name>',
    suggestion,
  };
}

/** Resource names to quantities. */
export function resourceList(value: unknown, path: Path | null, findings: Findings): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return findings.error(path, `expected a mapping of resources to quantities, found ${describeValue(value)}`);
  }
  for (const [name, amount] of Object.entries(value)) {
    const at = { up: path, step: name };
    const wrong = resourceNameMistake(name);
    if (wrong !== undefined) findings.error(at, wrong.message, wrong.suggestion, 'key');
    const mistake = quantityMistake(amount);
    if (mistake !== undefined) findings.error(at, mistake);
  }
}
