import { calculateJwkThumbprint } from 'jose'
import { describe, expect, it } from 'vitest'
import { challengeProof } from '../../contract/agent.ts'
import { newKey, signed } from '../testing/agents/device.ts'
import { isSignedBy, storedKey, thumbprintOf } from './proofs.ts'

describe('[ENR-3] proofs of devices', () => {
  const key = newKey()
  const text = challengeProof('nonce', 'service', 'device')

  it('hold for the text and the key that made them, and for nothing else', () => {
    const signature = signed(key, text)
    expect(isSignedBy(key.publicKey, text, signature)).toBe(true)
    expect(isSignedBy(key.publicKey, challengeProof('nonce', 'other service', 'device'), signature)).toBe(false)
    expect(isSignedBy(newKey().publicKey, text, signature)).toBe(false)
    expect(
      isSignedBy(
        key.publicKey,
        text,
        signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
      ),
    ).toBe(false)
    expect(isSignedBy(key.publicKey, text, '')).toBe(false)
  })

  it('do not hold for a key that is no point of the curve', () => {
    expect(isSignedBy({ ...key.publicKey, x: 'A'.repeat(43) }, text, signed(key, text))).toBe(false)
  })

  it('name a key as everybody does', async () => {
    expect(thumbprintOf(key.publicKey)).toBe(await calculateJwkThumbprint(key.publicKey))
    expect(storedKey(JSON.stringify(key.publicKey))).toEqual(key.publicKey)
  })
})
