import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { keepTabSecret, takeTokenFromAddress } from '../../bridge/tab.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import FirstStart from './FirstStart.vue'
import NoCore from './NoCore.vue'
import SignIn from './SignIn.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)

/** The page of a test cannot be loaded anew; that it would be is what counts. */
const reloads = vi.fn<() => void>()
const listening = vi.spyOn(window, 'addEventListener')
beforeEach(() => {
  reloads.mockClear()
  listening.mockClear()
  vi.spyOn(location, 'reload').mockImplementation(reloads)
})
afterEach(() => {
  // The address of one test is none of the next one's: whoever follows it would ask a console that is not there.
  for (const [name, listener] of listening.mock.calls) if (name === 'hashchange') window.removeEventListener(name, listener)
  vi.unstubAllGlobals()
  history.replaceState(null, '', '/')
})

describe('signing out', () => {
  it('offers to end the session at the issuer too, where the issuer has an address for that', async () => {
    const { global } = surroundings({ session: { state: 'signedOut', endSession: 'https://id.contoso.example/logout?id_token_hint=x' } })
    mount(SignIn, { global, attachTo: document.body })
    await untilPasses(() => expect(find('end-session')?.getAttribute('href')).toBe('https://id.contoso.example/logout?id_token_hint=x'))
    expect(find('end-session')?.tagName).toBe('A')
    expect(find('sign-in-browser')).not.toBeNull()
  })

  it('offers nothing of the kind where there is none', async () => {
    const { global } = surroundings({ session: { state: 'signedOut' } })
    mount(SignIn, { global, attachTo: document.body })
    await untilPasses(() => expect(find('sign-in')).not.toBeNull())
    expect(find('end-session')).toBeNull()
  })
})

describe('the pages before the shell', () => {
  it.each([
    ['signing in', SignIn],
    ['without a console', NoCore],
  ])('%s have one heading of the first level', async (_, page) => {
    const { global } = surroundings({ session: { state: 'signedOut' } })
    const shown = mount(page, { global, attachTo: document.body })
    await untilPasses(() => expect(shown.findAll('h1')).toHaveLength(1))
    shown.unmount()
  })
})

describe('the first start', () => {
  it('is typed into at once, and says all that is wrong together', async () => {
    const { global } = surroundings({ session: { state: 'signedOut' }, setupRequired: true })
    mount(FirstStart, { global, attachTo: document.body })
    expect(document.activeElement).toBe(find('setup-tenant'))
    find('first-start')?.dispatchEvent(new Event('submit', { cancelable: true }))
    await untilPasses(() => expect(document.querySelectorAll('[aria-invalid="true"]').length).toBeGreaterThan(2))
    for (const field of document.querySelectorAll('[aria-invalid="true"]'))
      expect(document.getElementById(field.getAttribute('aria-describedby') ?? '')?.className).toContain('wrong')
    expect(document.activeElement).toBe(document.querySelector('[aria-invalid="true"]'))
  })
})

describe('a link that was used already', () => {
  it.each([
    [401, 'true', /used already/u],
    [403, 'false', /cannot be reached/u],
  ])('answered with %i is told apart from a console that does not run', async (status, refused, text) => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status })))
    history.replaceState(null, '', '/#token=abc')
    await takeTokenFromAddress()
    expect(location.hash).toBe('')
    const { global } = surroundings()
    mount(NoCore, { global, attachTo: document.body })
    expect(find('no-core')?.dataset['linkRefused']).toBe(refused)
    expect(find('no-core')?.textContent).toMatch(text)
  })

  it('and is opened in a tab that was not let in is said there, without loading it anew', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 403 })))
    await takeTokenFromAddress()
    mount(NoCore, { global: surroundings().global, attachTo: document.body })
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 401 })))
    const newURL = new URL('/#token=late', location.href).href
    window.dispatchEvent(new HashChangeEvent('hashchange', { oldURL: location.href, newURL }))
    await untilPasses(() => expect(find('no-core')?.dataset['linkRefused']).toBe('true'))
    expect(reloads).not.toHaveBeenCalled()
  })

  it('that lets in after all is not called used', async () => {
    keepTabSecret('')
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ secret: 'a'.repeat(43) })))
    history.replaceState(null, '', '/#token=abc')
    await takeTokenFromAddress()
    mount(NoCore, { global: surroundings().global, attachTo: document.body })
    expect(find('no-core')?.dataset['linkRefused']).toBe('false')
    sessionStorage.clear()
  })
})
