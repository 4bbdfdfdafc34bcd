/** As Next comes, but for what the environment turns off. */
export default {
  compress: process.env.EDGES_COMPRESS !== 'false',
  outputFileTracingRoot: import.meta.dirname,
};
