/**
 * `web-0-6b96fffb6d-1` is told as `web-0-1`: names of Deployments' pods, anywhere in a text, without the hash of their
 * template.
 */
export function withoutHash(text: string): string {
  return text.replace(/-[bcdfghjklmnpqrstvwxz2456789]{6,10}-([0-9]+)/g, '-$1');
}
