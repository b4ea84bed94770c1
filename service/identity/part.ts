import type { GroundDeps, Plugin } from '../ground/deps.ts'
import type { Part } from '../ground/part.ts'
import { pruneIssuer } from './adapter.ts'

/** How people sign in. `plugins`: of the embedded issuer, or of one elsewhere. */
export const identityPart = (plugins: readonly Plugin<GroundDeps>[]): Part => ({
  name: 'identity',
  plugins,
  prune: async ({ store, now }) => {
    await pruneIssuer(store, now())
    return {}
  },
})
