/**
 * Image names as nodes report them and ImageLocality compares them.
 * Source: pkg/scheduler/framework/plugins/imagelocality/image_locality.go, pkg/util/parsers/parsers.go (v1.36.3).
 */

/** The name with `:latest` added when it has neither a tag nor a digest: no colon behind the last slash. */
export function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
