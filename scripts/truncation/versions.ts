/**
 * Which versions are measured, pinned so that a run can be repeated: those at which a published account of 2024 says that
 * something changed, the version before each in order of number, the ends of its span, and the supported lines up to the
 * newest that the registry served on the day of writing. Where this measurement found a change elsewhere, both sides of
 * it were added.
 */
export const VERSIONS: readonly string[] = [
  ...['4.0.0', '4.9.1'],
  ...['8.12.0', '8.13.0', '8.17.0'],
  ...['9.0.0', '9.11.2'],
  ...['10.0.0', '10.1.0', '10.16.3', '10.17.0'],
  ...['12.8.1', '12.9.0', '12.9.1', '12.10.0', '12.17.0', '12.18.0', '12.18.1', '12.18.4', '12.19.0', '12.22.12'],
  ...['13.0.0', '13.9.0', '13.10.0'],
  ...['14.2.0', '14.3.0', '14.4.0', '14.5.0', '14.21.3'],
  ...['15.0.0', '15.14.0'],
  ...['16.0.0', '16.11.1', '16.12.0', '16.14.2', '16.15.0', '16.18.1', '16.19.0', '16.20.2'],
  ...['17.0.0', '17.2.0', '17.3.0', '17.4.0', '17.5.0', '17.9.1'],
  ...['18.0.0', '18.12.1', '18.13.0', '18.20.8'],
  ...['20.19.0', '20.20.2'],
  ...['21.6.0'],
  ...['22.22.3', '22.23.0', '22.23.3'],
  ...['24.16.0', '24.17.0', '24.21.0'],
  ...['26.1.0', '26.2.0', '26.10.0'],
];

/** The oldest version that the library supports. */
export const SUPPORTED = '20.19.0';

export function isAtLeast(version: string, bound: string): boolean {
  return compareVersions(version, bound) >= 0;
}

export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
