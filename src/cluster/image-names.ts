/**
 * Image names as nodes report them and ImageLocality compares them.
 * Source: pkg/scheduler/framework/plugins/imagelocality/image_locality.go, pkg/util/parsers/parsers.go (v1.36.3).
 */

/** The name with `:latest` added when it has neither a tag nor a digest: no colon behind the last slash. */
export function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}

/** The tag, `latest` when neither a tag nor a digest is given; empty for an image named by digest alone. */
export function imageTag(name: string): string {
  const digestStart = name.indexOf('@');
  const named = digestStart < 0 ? name : name.slice(0, digestStart);
  const colon = named.lastIndexOf(':');
  if (colon > named.lastIndexOf('/')) return named.slice(colon + 1);
  return digestStart < 0 && name !== '' ? 'latest' : '';
}
