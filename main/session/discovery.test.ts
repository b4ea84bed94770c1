import { describe, expect, it } from 'vitest'
import { Discovery } from '../../contract/api.ts'
import { limits } from '../../contract/limits.ts'
import { endlessAnswer } from '../../contract/testing/endless.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { connectionOf, discover } from './discovery.ts'
import { IssuerNetwork } from './network.ts'

/** A service or an issuer that answers without end, with this status. */
function endless(status: number) {
  const { answer, seen } = endlessAnswer(status)
  return { seen, settings: { timeoutMs: 10_000, timers: realSystem.clock, devicePollMs: 5, fetch: async () => answer } }
}

const discovery = Discovery.parse({
  product: 'roomkeeper',
  version: '1',
  service: 's',
  issuer: 'https://login.example',
  clientId: 'c',
  scope: 's',
  embeddedIssuer: false,
  setupRequired: false,
})

const readers: [string, (settings: ReturnType<typeof endless>['settings']) => Promise<unknown>][] = [
  ['what the service says of itself', (settings) => discover('https://service.example', settings)],
  ["the issuer's discovery document", (settings) => connectionOf(discovery, settings)],
  ["the issuer's tokens", (settings) => new IssuerNetwork(undefined, settings).sendPostRequestAsync('https://login.example/token')],
  [
    "what the issuer's library asks for",
    (settings) => new IssuerNetwork(undefined, settings).sendGetRequestAsync('https://login.example/x'),
  ],
]

describe('[rule 9] an answer without end', () => {
  it.each(readers.flatMap((reader) => [200, 400, 500].map((status) => [...reader, status] as const)))(
    'is left after its limit: %s (%#)',
    async (_, read, status) => {
      const { seen, settings } = endless(status)
      await expect(read(settings)).rejects.toThrow()
      expect(seen.left).toBe(true)
      // What a stream has in hand already is a piece or two more.
      expect(seen.bytes).toBeLessThan(limits.issuerAnswerBytes + 256 * 1024)
    },
  )
})
