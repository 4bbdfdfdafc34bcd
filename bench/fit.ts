/** How time grows with size: time ~ size^exponent, so a straight line through the logarithms, fitted by least squares. */

export interface Point {
  size: number;
  seconds: number;
}

/** The exponent: 1 is linear, 2 is quadratic. Needs two sizes at least. */
export function fitExponent(points: readonly Point[]): number {
  const x = points.map(({ size }) => Math.log(size));
  const y = points.map(({ seconds }) => Math.log(seconds));
  const [meanX, meanY] = [mean(x), mean(y)];
  let [covariance, variance] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    covariance += (x[i]! - meanX) * (y[i]! - meanY);
    variance += (x[i]! - meanX) ** 2;
  }
  return covariance / variance;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
