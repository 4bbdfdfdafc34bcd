/**
 * How time grows with size: time ~ size^exponent, a straight line through the logarithms. Its slope is the median of the
 * slopes between any two points, so that one point that was disturbed does not bend it.
 */

export interface Point {
  size: number;
  seconds: number;
}

/** The exponent: 1 is linear, 2 is quadratic. Needs two sizes at least. */
export function fitExponent(points: readonly Point[]): number {
  const slopes = points.flatMap((one, at) =>
    points.slice(at + 1).map((other) => Math.log(other.seconds / one.seconds) / Math.log(other.size / one.size)),
  );
  slopes.sort((one, other) => one - other);
  const middle = slopes.length / 2;
  return (slopes[Math.ceil(middle) - 1]! + slopes[Math.floor(middle)]!) / 2;
}
