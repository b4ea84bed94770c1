import { expect, it } from 'vitest'
import { whyUnreached } from './wayOut.ts'

/** As `fetch` says it: what went wrong is the cause of the cause. */
const failed = (message: string, code?: string): Error => {
  const inner = Object.assign(new Error(message), code === undefined ? {} : { code })
  return new TypeError('fetch failed', { cause: new Error('a layer between', { cause: inner }) })
}

it.each([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', '--ca'],
  ['SELF_SIGNED_CERT_IN_CHAIN', '--ca'],
  ['CERT_HAS_EXPIRED', 'clock'],
  ['ECONNREFUSED', 'cannot be reached (ECONNREFUSED)'],
  [undefined, 'cannot be reached.'],
])('[ACC-1] who cannot be reached is named, with what may be done about it: %s', (code, says) => {
  const why = whyUnreached('https://issuer.example:8443/a/path', failed('no', code))
  expect(why).toContain('issuer.example:8443')
  expect(why).toContain(says)
  expect(why).not.toContain('path')
})

it('[ACC-1] a proxy that asks for a password is named by its option', () => {
  const error = failed('Proxy response (407) !== 200 when HTTP Tunneling')
  expect(whyUnreached('https://issuer.example', error)).toContain('--proxy-credentials')
})
