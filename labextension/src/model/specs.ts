/** What somebody typed into the field for packages → the specs of an `add`. */

/** The specs: apart where a word begins like a name, so that `numpy >=2 polars` are two. */
export function packagesOf(text: string): string[] {
  const whole = text.trim();
  // A marker or an address has words of its own.
  const parts = /[;@]/.test(whole) ? [whole] : whole.split(/,?\s+(?=[A-Za-z])/);
  return parts.map(one => one.replace(/[,\s]+$/, '')).filter(one => one);
}

/** The name at the beginning of a spec. */
export function nameOf(spec: string): string {
  return spec.trim().split(/[\s<>=!~[;@]/)[0] ?? '';
}
