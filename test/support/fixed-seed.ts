/** Property tests draw the same cases in every run, so that a run is red or green by the code alone. PODYARD_TEST_SEED draws others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['PODYARD_TEST_SEED'] ?? 1905) });
