import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { forgetTabSecret, tabSecret, takeTokenFromAddress } from './tab.ts'

const secret = 's'.repeat(43)

beforeEach(() => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ secret })))
})
afterEach(() => {
  vi.unstubAllGlobals()
  forgetTabSecret()
  history.replaceState(null, '', '/')
})

describe('[CON-5] a link', () => {
  it.each([
    ['#token=abc', ''],
    ['#token=abc&wall', '#/wall'],
    // It leads to the wall, and nowhere else that it names.
    ['#token=abc&wall=https://evil.example', '#/wall'],
  ])('%s lets the tab in, leaves no token in the address, and leads to %j', async (hash, place) => {
    history.replaceState(null, '', `/${hash}`)
    await takeTokenFromAddress()
    expect(location.hash).toBe(place)
    expect(tabSecret()).toBe(secret)
  })
})
