/** Files that a folder brings along and that hold no Kubernetes objects: what is said of them. */
import { isMapping } from '../../base/structure.ts';

/** kubectl refuses such a file and applies the others of its folder. */
const COMPANIONS: readonly { readonly name: RegExp; readonly message: string }[] = [
  {
    name: /^kustomization\.ya?ml$/i,
    message: 'a kustomization is not built: run "kubectl kustomize" and name what it prints',
  },
  {
    name: /^(?:chart|values[^/]*)\.ya?ml$/i,
    message: 'a Helm chart is not rendered: run "helm template" and name what it prints',
  },
];

/** One document of a file that was found in a folder: whether it is one that nobody meant to be an object. */
export function isNoObject(value: unknown, isKnownKind: (kind: string) => boolean): boolean {
  if (Array.isArray(value)) return value.every((item) => isNoObject(item, isKnownKind));
  if (!isMapping(value)) return true;
  const { kind, apiVersion } = value;
  if (typeof kind !== 'string') return true;
  return apiVersion === undefined && !isKnownKind(kind) && !Array.isArray(value['items']);
}

/** A file that cannot be read as YAML or JSON and does not even mention what every object has. */
export function isOtherText(text: string): boolean {
  return !/\bkind\b/.test(text) || !/\bapiVersion\b/.test(text);
}

export function isGoTemplate(text: string): boolean {
  return /\{\{-?\s*[^}]/.test(text);
}

/** A file that kubectl applies by -k alone, whatever stands in it. */
export function isKustomization(file: string): boolean {
  return COMPANIONS[0].name.test(file.slice(file.lastIndexOf('/') + 1));
}

export function passedOver(file: string, reason: string): string {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const companion = COMPANIONS.find((candidate) => candidate.name.test(name));
  return `passed over: ${companion?.message ?? reason}`;
}
