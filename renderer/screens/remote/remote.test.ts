import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import type { StreamEnd } from '../../../contract/byteStream.ts'
import type { ErrorCode } from '../../../contract/errors.ts'
import { SessionEnd } from '../../../contract/remote.ts'
import type { RemoteSessionView } from '../../../contract/views.ts'
import type { FakeOptions } from '../../fixtures/fake-core.ts'
import { makeSession, remoteGrant } from '../../fixtures/fake-remote.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import type { ScreenOptions, ScreenView } from '../../remote/screen-view.ts'
import type { TerminalOptions, TerminalView } from '../../remote/terminal-view.ts'
import { useRemote } from '../../stores/remote.ts'
import { useToasts } from '../../stores/toasts.ts'
import RemoteTab from './RemoteTab.vue'
import SessionBar from '../shell/SessionBar.vue'

/** What would draw, as the desk sees it: noVNC and xterm need a real browser. */
const drawn = vi.hoisted(() => ({
  screens: [] as { options: ScreenOptions; view: ScreenView }[],
  terminals: [] as { options: TerminalOptions; view: TerminalView }[],
}))
vi.mock('../../remote/screen-view.ts', () => ({
  openScreen(options: ScreenOptions): ScreenView {
    const element = document.createElement('div')
    element.append(Object.assign(document.createElement('canvas'), { tabIndex: 0 }))
    const stream = options.open({ bytes: () => options.onShown(), ended: (error) => options.onEnded(error) })
    const view = {
      element,
      focus: vi.fn(),
      press: vi.fn(),
      sendText: vi.fn(),
      type: vi.fn(),
      nameKeys: vi.fn(),
      unsendable: vi.fn((): string[] => []),
      fit: vi.fn(),
      level: vi.fn(),
      figures: () => ({ framesPerSecond: 30, frameMs: 10 }),
      end: vi.fn(),
      dispose: vi.fn(() => stream.close()),
    }
    drawn.screens.push({ options, view })
    return view
  },
}))
vi.mock('../../remote/terminal-view.ts', () => ({
  openTerminal(options: TerminalOptions): TerminalView {
    const stream = options.open({ columns: 80, rows: 24 }, { bytes: () => undefined, ended: (error) => options.onEnded(error) })
    const view = {
      element: document.createElement('div'),
      focus: vi.fn(),
      search: vi.fn(),
      onFound: vi.fn(),
      endSearch: vi.fn(),
      retheme: vi.fn(),
      end: vi.fn(),
      dispose: vi.fn(() => stream.close()),
    }
    drawn.terminals.push({ options, view })
    return view
  },
}))

let devices: StreamEnd[] = []
const device = (_input: unknown, stream: StreamEnd) => {
  devices.push(stream)
  stream.send(new Uint8Array([1]))
  return { bytes: () => undefined, ended: () => undefined }
}

async function shown(over: Partial<RemoteSessionView> | null, options: FakeOptions = {}, language: 'en' | 'fr' = 'en') {
  const { core, global, router } = surroundings(
    {
      opens: { 'remote.screen': device, 'remote.terminal': device },
      grants: [remoteGrant('remoteAccess.view', 'remoteAccess.modify')],
      ...options,
    },
    language,
  )
  const [room] = core.rooms
  if (!room) throw new Error('No room was made.')
  if (over !== null) core.sessions.push(makeSession(room, over))
  const page = mount(
    {
      components: { RemoteTab, SessionBar },
      setup: () => ({ remote: useRemote(), room }),
      template: '<RemoteTab :room="room" :session="remote.of(room.id)" /><SessionBar />',
    },
    { global, attachTo: document.body },
  )
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 6; n++) {
      await vi.advanceTimersByTimeAsync(1)
      await flushPromises()
    }
  }
  await settle()
  const id = (name: string) => page.find(`[data-testid="${name}"]`)
  const tell = async (change: Partial<RemoteSessionView>): Promise<void> => {
    const [first] = core.sessions
    if (!first) throw new Error('There is no session.')
    core.sessions[0] = { ...first, ...change }
    core.changed([])
    await settle()
  }
  const asked = (name: string) => core.asked.filter((one) => one.name === name).map(({ input }) => input)
  return { page, core, router, room, id, tell, settle, asked, remote: useRemote(), toasts: useToasts() }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  drawn.screens = []
  drawn.terminals = []
  devices = []
})

describe('a session that drives', () => {
  it('shows the first display, in a red frame, and the keys go there', async () => {
    const { id, core, page } = await shown({})
    expect(core.streams.asked).toEqual([
      expect.objectContaining({ name: 'remote.screen', input: expect.objectContaining({ display: 'console' }) }),
    ])
    expect(page.find('.stage').classes()).toContain('driven')
    expect(id('remote-mode').text()).toBe('Control')
    expect(drawn.screens[0]?.options.viewOnly).toBe(false)
    expect(drawn.screens[0]?.view.focus).toHaveBeenCalled()
  })

  it('has the commands of a session', async () => {
    const { id } = await shown({})
    for (const name of [
      'remote-keys',
      'remote-clipboard',
      'remote-restart',
      'remote-restart-at-end',
      'remote-terminal-new',
      'remote-view-menu',
      'remote-full',
      'remote-help',
      'remote-end',
    ]) {
      expect([name, id(name).exists()]).toEqual([name, true])
    }
  })

  it('switches the display, and closes the stream of the one before', async () => {
    const { id, core, settle } = await shown({})
    await id('remote-display-frontOfRoom1').trigger('click')
    await settle()
    expect(core.streams.asked.map(({ input }) => (input as { display: string }).display)).toEqual(['console', 'frontOfRoom1'])
    expect([drawn.screens[0]?.view.dispose, devices[0]?.over]).toEqual([
      expect.toSatisfy((dispose) => dispose.mock.calls.length === 1),
      true,
    ])
  })

  it('restarts the device only after it was asked, and changes what happens at the end', async () => {
    const { id, asked, settle } = await shown({})
    await id('remote-restart').trigger('click')
    await settle()
    expect(asked('remote.restart')).toEqual([])
    document.querySelector<HTMLElement>('[data-testid="remote-restart-now"]')?.click()
    await settle()
    expect(asked('remote.restart')).toHaveLength(1)
    expect(id('remote-reason').attributes('data-reason')).toBe('restarted')
  })

  it('switches off what the device does at the end, for this session', async () => {
    const { id, asked, settle } = await shown({})
    await id('remote-restart-at-end').trigger('click')
    await settle()
    expect(asked('remote.restartAtEnd')).toEqual([expect.objectContaining({ on: false })])
    expect(id('remote-restart-at-end').attributes('aria-checked')).toBe('false')
  })

  it('shows the clipboard of the device and sends a text of one’s own, and nothing by itself', async () => {
    const { id, settle } = await shown({})
    drawn.screens[0]?.options.onClipboard('copied there')
    await id('remote-clipboard').trigger('click')
    await settle()
    expect(id('remote-theirs').text()).toBe('copied there')
    expect(drawn.screens[0]?.view.sendText).not.toHaveBeenCalled()
    await id('remote-own').setValue('for the device')
    await id('remote-send-text').trigger('click')
    expect(drawn.screens[0]?.view.sendText).toHaveBeenCalledExactlyOnceWith('for the device')
  })

  it('[REM-5] closes the clipboard panel by Escape, and stays where it is', async () => {
    const { id } = await shown({})
    drawn.screens[0]?.options.onClipboard('copied there')
    await id('remote-clipboard').trigger('click')
    await id('remote-clipboard-panel').find('textarea').trigger('keydown', { key: 'Escape' })
    expect([id('remote-clipboard-panel').exists(), id('remote-clipboard').exists()]).toEqual([false, true])
  })

  it('says which characters the clipboard of the device cannot take, before and after they are sent', async () => {
    const { id, settle } = await shown({})
    await id('remote-clipboard').trigger('click')
    await settle()
    await id('remote-own').setValue('plain')
    expect(id('remote-unsendable').exists()).toBe(false)
    Object.assign(drawn.screens[0]?.view ?? {}, { unsendable: () => ['€', '会'] })
    await id('remote-own').setValue('€ 会')
    expect(id('remote-unsendable').text()).toContain('€ 会')
    await id('remote-send-text').trigger('click')
    expect(id('remote-clipboard-panel').text()).toContain('Sent, with question marks')
  })

  it('types a text key by key, and names keys in the other way when told, for the next display too', async () => {
    const { id, settle } = await shown({})
    await id('remote-clipboard').trigger('click')
    await settle()
    await id('remote-own').setValue('会議室 👍')
    await id('remote-type-text').trigger('click')
    expect(drawn.screens[0]?.view.type).toHaveBeenCalledExactlyOnceWith('会議室 👍')
    expect(id('remote-clipboard-panel').text()).toContain('Typed')
    expect(drawn.screens[0]?.options.keyNames).toBe('character')
  })

  it('gives the keys back to the toolbar', async () => {
    const { id } = await shown({})
    drawn.screens[0]?.options.onEscape()
    await nextTick()
    expect(document.activeElement).toBe(id('remote-mode').element)
  })

  it('opens terminals beside the screen, as many as may be open, and closes them', async () => {
    const { id, core, settle, toasts } = await shown({})
    for (let n = 0; n < 8; n++) {
      await id('remote-terminal-new').trigger('click')
      await settle()
    }
    const terminals = core.streams.asked.filter(({ name }) => name === 'remote.terminal')
    expect(terminals.map(({ input }) => (input as { terminal: number }).terminal)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(toasts.shown.at(-1)?.text).toContain('No more terminals')
    await id('remote-terminal-close-7').trigger('click')
    await settle()
    expect(drawn.terminals[6]?.view.dispose).toHaveBeenCalled()
    expect(id('remote-terminal-6').attributes('aria-pressed')).toBe('true')
  })

  it('says that a terminal has ended, and opens a new one', async () => {
    const { id, settle, core } = await shown({})
    await id('remote-terminal-new').trigger('click')
    await settle()
    drawn.terminals[0]?.options.onEnded()
    await settle()
    expect(id('remote-over').exists()).toBe(true)
    await id('remote-reopen').trigger('click')
    await settle()
    expect(core.streams.asked.at(-1)?.input).toMatchObject({ terminal: 2 })
    expect(id('remote-over').exists()).toBe(false)
  })
})

describe('a session that looks', () => {
  it('has no way to drive, and says so', async () => {
    const { id, page } = await shown({ mode: 'view' })
    for (const name of ['remote-keys', 'remote-clipboard', 'remote-restart', 'remote-restart-at-end', 'remote-terminal-new'])
      expect([name, id(name).exists()]).toEqual([name, false])
    expect(page.find('.stage').classes()).not.toContain('driven')
    expect(drawn.screens[0]?.options.viewOnly).toBe(true)
    expect(id('remote-mode').text()).toBe('View only')
    expect(id('remote-status').text()).toContain('mouse and keys stay here')
  })
})

describe('what everyone should see', () => {
  it('is that it is recorded', async () => {
    expect((await shown({ recording: true })).id('remote-recorded').text()).toBe('Recorded')
  })

  it('is how the link is', async () => {
    const { id } = await shown({ startedAt: Date.now() - 3_725_000, roundTripMs: 41.6 })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(id('remote-round-trip').text()).toBe('Round trip 42 ms')
    expect(id('remote-frames').text()).toBe('30 frames/s')
    expect(id('remote-quality').attributes('data-level')).toBe('high')
    expect(id('remote-time').text()).toMatch(/^1:02:0\d$/u)
  })
})

describe('a lost link', () => {
  it('dims the picture, counts, and says whose it is; it comes back by itself', async () => {
    const { id, page, tell } = await shown({})
    const now = Date.now()
    await tell({ state: { state: 'lost', since: now - 5_000, nextTryAt: now + 4_000, until: now + 55_000 } })
    expect(page.find('.stage').classes()).toContain('dim')
    expect(id('remote-lost').text()).toContain('This console has lost its link')
    const count = (name: string): number => Number(/\d+/u.exec(id(name).text())?.[0])
    const [next, until] = [count('remote-next-try'), count('remote-until')]
    await vi.advanceTimersByTimeAsync(2_000)
    expect([next - count('remote-next-try'), until - count('remote-until')]).toEqual([2, 2])
    await tell({ state: { state: 'lost', since: now - 5_000, nextTryAt: null, until: now + 55_000 } })
    expect(id('remote-lost').text()).toContain('The device has lost its link')
    expect(id('remote-next-try').text()).toBe('Waiting for the device')
    await tell({ state: { state: 'live' } })
    expect([id('remote-lost').exists(), page.find('.stage').classes('dim'), drawn.screens.length]).toEqual([false, false, 1])
  })

  it('between window and core opens the picture again', async () => {
    const { core, settle } = await shown({})
    const { RoomkeeperError } = await import('../../../contract/errors.ts')
    drawn.screens[0]?.options.onEnded(new RoomkeeperError('bridge.timeout'))
    await vi.advanceTimersByTimeAsync(1_000)
    await settle()
    expect(core.streams.asked).toHaveLength(2)
  })

  it('of a screen says why, and tries again when asked', async () => {
    const { core, id, settle } = await shown({}, { opens: {} })
    expect(id('remote-over').find('[data-code]').attributes('data-code')).toBe('remote.screenLost')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(core.streams.asked).toHaveLength(1)
    await id('remote-reopen').trigger('click')
    await settle()
    expect(core.streams.asked).toHaveLength(2)
  })
})

describe('an ended session', () => {
  it.each(SessionEnd.options.flatMap((reason) => (['en', 'fr'] as const).map((language) => [reason, language] as const)))(
    'says why: %s, %s',
    async (reason, language) => {
      const { id } = await shown({ state: { state: 'ended', at: Date.now(), reason, code: null } }, {}, language)
      const said = id('remote-reason').text()
      expect(said).toMatch(/^\p{Lu}.{8,}\.$/u)
      expect(said).not.toContain('sessionEnd')
    },
  )

  it.each(['remote.inCall', 'remote.occupied', 'remote.noAnswer', 'relay.full'] as const satisfies ErrorCode[])(
    'says why it did not begin: %s',
    async (code) => {
      const { id } = await shown({ offers: null, state: { state: 'ended', at: Date.now(), reason: null, code } })
      expect(id('remote-ended').text()).toContain('The session did not begin')
      expect(id('remote-reason').attributes('data-reason')).toBe(code)
      expect(id('remote-reason').text()).not.toContain('error.')
    },
  )

  it('begins anew in the same way, and the old one goes', async () => {
    const { id, asked, settle, core } = await shown({ mode: 'view', state: { state: 'ended', at: Date.now(), reason: 'idle', code: null } })
    await id('remote-again').trigger('click')
    await settle()
    expect(asked('remote.start')).toEqual([expect.objectContaining({ mode: 'view' })])
    expect(core.sessions.map(({ state }) => state.state)).toEqual(['live'])
  })

  it('says what refuses another one', async () => {
    const { id, settle } = await shown(
      { state: { state: 'ended', at: Date.now(), reason: 'callStarted', code: null } },
      { fail: { 'remote.start': 'remote.inCall' } },
    )
    await id('remote-again').trigger('click')
    await settle()
    expect(id('remote-again-refused').text()).toContain('call in this room')
  })

  it('keeps the last picture, stops what was drawn, and goes when it is closed', async () => {
    const { id, tell, core, settle, page } = await shown({})
    await tell({ state: { state: 'ended', at: Date.now(), reason: 'accessWithdrawn', code: null } })
    expect(drawn.screens[0]?.view.end).toHaveBeenCalled()
    expect(page.find('.picture').element.contains(drawn.screens[0]?.view.element ?? null)).toBe(true)
    await id('remote-forget').trigger('click')
    await settle()
    expect([core.sessions, drawn.screens[0]?.view.dispose]).toEqual([[], expect.toSatisfy((dispose) => dispose.mock.calls.length === 1)])
    expect(id('remote-start').exists()).toBe(true)
  })
})

describe('no session', () => {
  it('begins one, in the way that was chosen', async () => {
    const { id, asked, settle, room } = await shown(null)
    await id('remote-start-view').trigger('click')
    await settle()
    expect(asked('remote.start')).toEqual([expect.objectContaining({ room: room.id, mode: 'view' })])
    expect(id('remote-session').attributes('data-mode')).toBe('view')
  })

  it('offers only what the roles allow', async () => {
    const view = await shown(null, { grants: [remoteGrant('remoteAccess.view')] })
    expect([view.id('remote-start-modify').exists(), view.id('remote-start-view').exists()]).toEqual([false, true])
    const none = await shown(null, { grants: [] })
    expect([none.id('remote-start-modify').exists(), none.id('remote-start-view').exists()]).toEqual([false, false])
    expect(none.id('remote-start').text()).toContain('None of your roles')
  })

  it.each([
    'remote.switchedOff',
    'remote.noLicence',
    'remote.disconnected',
    'remote.unsupported',
    'remote.inCall',
    'remote.occupied',
    'remote.noAnswer',
    'remote.refused',
    'remote.tooMany',
  ] as const)('says what refused it: %s', async (code) => {
    const { id, settle } = await shown(null, { fail: { 'remote.start': code } })
    await id('remote-start-modify').trigger('click')
    await settle()
    expect(document.querySelector('[data-testid="remote-refused"]')?.getAttribute('data-code')).toBe(code)
  })
})

describe('the tabs at the lower edge', () => {
  it('are there only while there are sessions', async () => {
    expect((await shown(null)).id('session-bar').exists()).toBe(false)
  })

  it('name room and kind, and lead there', async () => {
    const { id, page, room, router, settle, remote } = await shown({})
    expect(page.findAll('[data-testid="session-tab"]').map((one) => one.text())).toEqual([`${room.name}· control`])
    expect(id('session-tab').find('[data-state]').attributes('data-state')).toBe('sessionLive')
    await id('remote-terminal-new').trigger('click')
    await settle()
    expect(id('session-tab').text()).toContain('terminal')
    await id('session-tab').find('button').trigger('click')
    await settle()
    expect(router.currentRoute.value.path).toBe(`/rooms/${room.id}/remote`)
    expect(remote.looking).not.toBeNull()
  })

  it('ask once before they end a session, and close one that has ended at once', async () => {
    const { id, asked, settle, core } = await shown({})
    await id('session-close').trigger('click')
    await settle()
    expect(asked('remote.end')).toEqual([])
    document.querySelector<HTMLElement>('[data-testid="session-end"]')?.click()
    await settle()
    expect([asked('remote.end').length, asked('remote.forget').length, core.sessions.length]).toEqual([1, 1, 0])
  })

  it('keep what is drawn while another screen is shown', async () => {
    const { page, core, room, settle } = await shown({})
    page.unmount()
    await settle()
    expect([drawn.screens[0]?.view.dispose, devices[0]?.over]).toEqual([
      expect.toSatisfy((dispose) => dispose.mock.calls.length === 0),
      false,
    ])
    expect(core.sessions[0]?.room).toBe(room.id)
  })

  it('say why a session ended that is not looked at', async () => {
    const { tell, remote, toasts, room } = await shown({})
    remote.looking = null
    await tell({ state: { state: 'ended', at: Date.now(), reason: 'switchedOff', code: null } })
    expect(toasts.shown.map(({ text }) => text)).toEqual([
      `The session with ${room.name} has ended. Remote access was switched off for the organisation.`,
    ])
  })
})
