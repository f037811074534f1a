/** seedrandom's alea alone: the package's index also loads six other generators and Node's crypto. */
declare module 'seedrandom/lib/alea.js' {
  import type seedrandom from 'seedrandom';

  const alea: (typeof seedrandom)['alea'];
  export default alea;
}
