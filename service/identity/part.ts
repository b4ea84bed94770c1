import type { Part } from '../ground/part.ts'
import { pruneIssuer } from './adapter.ts'

/** How people sign in; its routes are those of the embedded issuer, or of one elsewhere (service/identity/identity.ts). */
export const identityPart: Part = {
  name: 'identity',
  prune: async ({ store, clock }) => {
    await pruneIssuer(store, clock.now())
    return {}
  },
}
