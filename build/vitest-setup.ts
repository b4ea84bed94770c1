import fc from 'fast-check'
import { runSeed } from '../contract/testing/chance.ts'

// A property that fails prints this seed, the path to its case, and the case itself.
fc.configureGlobal({ seed: runSeed })
