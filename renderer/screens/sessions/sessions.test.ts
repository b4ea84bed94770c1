import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { Answers } from '../../fixtures/answers.ts'
import { tenantId } from '../../fixtures/fake-partners.ts'
import { makeSessionRecord, sessionId } from '../../fixtures/fake-remote.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { useConsole } from '../../stores/console.ts'
import Playback from './Playback.vue'
import Sessions from './Sessions.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const all = (id: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)]

describe('Settings → Remote sessions', () => {
  async function shown(rows: ReturnType<typeof makeSessionRecord>[], answers: Answers = {}) {
    const { core, global } = surroundings({ rooms: 6, answers: { 'remote.log': () => ({ items: rows, next: null }), ...answers } })
    const page = mount(Sessions, { global, attachTo: document.body })
    await untilPasses(() => expect(all('session-row')).toHaveLength(rows.length))
    return { core, page }
  }
  const lastAsked = (core: Awaited<ReturnType<typeof shown>>['core']) =>
    core.asked.filter(({ name }) => name === 'remote.log').at(-1)?.input

  it('reads page after page', async () => {
    await shown([makeSessionRecord(4), makeSessionRecord(3)], {
      'remote.log': ({ before }) =>
        before === undefined
          ? { items: [makeSessionRecord(4), makeSessionRecord(3)], next: sessionId(3) }
          : { items: [makeSessionRecord(2, { roomName: 'Atrium' })], next: null },
    })
    find('sessions-more')?.click()
    await untilPasses(() => expect(all('session-row')).toHaveLength(3))
    expect(all('session-row')[2]?.textContent).toContain('Atrium')
    expect(find('sessions-more')).toBeNull()
  })

  it('says how each one ended, which one runs, and what was refused, where nobody knows the room either', async () => {
    await shown([
      makeSessionRecord(4, { endedAt: null, end: null }),
      makeSessionRecord(3, { end: 'callStarted' }),
      makeSessionRecord(2, { refusal: 'remote.occupied', end: null }),
      makeSessionRecord(1, { refusal: 'room.notFound', end: null, roomName: '', deviceName: '' }),
    ])
    expect(all('session-row').map((one) => one.dataset['outcome'])).toEqual(['running', 'ended', 'refused', 'refused'])
    expect(all('session-row').map((one) => one.textContent)).toEqual([
      expect.stringContaining('Running'),
      expect.stringContaining('A call began in the room'),
      expect.stringContaining('Refused: Somebody else has a session with this room.'),
      expect.stringContaining('Unknown room'),
    ])
    for (const link of document.querySelectorAll('a')) expect(link.textContent.trim()).not.toBe('')
  })

  it('leads to a recording that is there, and says when one was deleted', async () => {
    const recording = { bytes: 2_048, durationMs: 60_000, deletedAt: null }
    await shown([
      makeSessionRecord(3, { recording }),
      makeSessionRecord(2, { recording: { ...recording, bytes: 0, deletedAt: Date.UTC(2026, 10, 9) } }),
      makeSessionRecord(1),
    ])
    expect(all('session-play').map((one) => one.getAttribute('href'))).toEqual([`/settings/sessions/${sessionId(3)}`])
    expect(all('session-row')[1]?.textContent).toContain('Deleted')
  })

  it('asks for what the filters say, and clears them where nothing fits', async () => {
    const { core, page } = await shown([makeSessionRecord(1)], {
      'remote.log': ({ text }) => ({ items: text === undefined ? [makeSessionRecord(1)] : [], next: null }),
    })
    await page.find('[data-testid=sessions-text] input').setValue(' Lyon ')
    find('sessions-recorded')?.click()
    await page.find('[data-testid=sessions-from]').setValue('2026-11-02')
    await untilPasses(() =>
      expect(lastAsked(core)).toEqual({
        tenant: tenantId(1),
        text: 'Lyon',
        recorded: 'true',
        from: new Date(2026, 10, 2).getTime(),
        limit: 100,
      }),
    )
    await untilPasses(() => expect(page.text()).toContain('No session fits'))
    await page
      .findAll('button')
      .find((one) => one.text() === 'Clear filters')
      ?.trigger('click')
    await untilPasses(() => expect(all('session-row')).toHaveLength(1))
    expect(lastAsked(core)).toEqual({ tenant: tenantId(1), limit: 100 })
  })

  it('exports the days that are named, and refuses a range turned round', async () => {
    const { core, page } = await shown([makeSessionRecord(1)], { 'remote.saveLog': () => ({ path: '/sessions.csv', bytes: 1 }) })
    await page.find('[data-testid=sessions-from]').setValue('2026-11-02')
    await page.find('[data-testid=sessions-to]').setValue('2026-11-03')
    find('sessions-export')?.click()
    const range = { from: new Date(2026, 10, 2).getTime(), to: new Date(2026, 10, 4).getTime() }
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'remote.saveLog')?.input).toEqual({ tenant: tenantId(1), ...range }),
    )
    await page.find('[data-testid=sessions-to]').setValue('2026-11-01')
    await untilPasses(() => expect(find('sessions-export')?.hasAttribute('disabled')).toBe(true))
    expect(page.text()).toContain('The end of the range lies before its start.')
  })

  it('says why it was not read, and reads it when asked again', async () => {
    let refused = true
    const { global } = surroundings({
      rooms: 6,
      answers: {
        'remote.log': () => {
          if (refused) throw new RoomkeeperError('access.denied')
          return { items: [makeSessionRecord(1)], next: null }
        },
      },
    })
    const page = mount(Sessions, { global, attachTo: document.body })
    await untilPasses(() => expect(page.text()).toContain('The session log was not read.'))
    refused = false
    await page
      .findAll('button')
      .find((one) => one.text() === 'Try again')
      ?.trigger('click')
    await untilPasses(() => expect(all('session-row')).toHaveLength(1))
  })
})

describe('a recording', () => {
  async function opened(answers: Answers, session: string = sessionId(1)) {
    const { core, router, global } = surroundings({ rooms: 6, answers })
    router.addRoute({ path: '/settings/sessions/:session', component: { render: () => null } })
    await router.push(`/settings/sessions/${session}`)
    // As in the shell: there is no page before somebody is signed in.
    const inShell = { components: { Playback }, setup: () => ({ core: useConsole() }), template: '<Playback v-if="core.acting" />' }
    return { core, page: mount(inShell, { global, attachTo: document.body }) }
  }
  const index = {
    session: sessionId(1),
    record: makeSessionRecord(1, { operator: { ...makeSessionRecord(1).operator, organisation: 'Fabrikam' } }),
    startedAt: Date.UTC(2026, 10, 2),
    durationMs: 5_000,
    complete: true,
  }
  const chunks = [{ number: 1, fromMs: 0, toMs: 5_000, bytes: 9 }]

  it('says whose session it was, with which room', async () => {
    await opened({ 'remote.recording': () => ({ ...index, chunks: [] }) })
    await untilPasses(() => expect(find('playback-title')?.textContent).toBe('Recording of Huddle 1.01'))
    expect(find('playback')?.textContent).toContain('Amélie Laurent (Fabrikam)')
  })

  it('with nothing in it says so', async () => {
    const { page } = await opened({ 'remote.recording': () => ({ ...index, complete: false, chunks: [] }) })
    await untilPasses(() => expect(page.text()).toContain('Nothing was recorded'))
    expect(page.text()).toContain('The session still runs')
  })

  it('that is not there any more says so, and one whose address is none is not asked for', async () => {
    await opened({
      'remote.recording': () => {
        throw new RoomkeeperError('recording.notFound')
      },
    })
    await untilPasses(() => expect(find('playback-problem')).not.toBeNull())
    document.body.innerHTML = ''
    const { core } = await opened({}, 'not-a-session')
    await untilPasses(() => expect(find('playback-problem')).not.toBeNull())
    expect(core.asked.filter(({ name }) => name === 'remote.recording')).toEqual([])
  })

  it('of which a part cannot be read says so, and reads it when asked again', async () => {
    let broken = true
    const { page } = await opened({
      'remote.recording': () => ({ ...index, chunks }),
      'remote.chunk': () => {
        if (broken) throw new RoomkeeperError('network.offline')
        return { head: { session: sessionId(1), number: 1, fromMs: 0, toMs: 5_000 }, events: [] }
      },
    })
    await untilPasses(() => expect(page.text()).toContain('A part of the recording could not be read.'))
    broken = false
    await page
      .findAll('button')
      .find((one) => one.text() === 'Try again')
      ?.trigger('click')
    await untilPasses(() => expect(page.text()).not.toContain('A part of the recording could not be read.'))
  })

  it('leads from a line of a terminal to its moment', async () => {
    const { page } = await opened({
      'remote.recording': () => ({ ...index, chunks }),
      'remote.chunk': () => ({ head: { session: sessionId(1), number: 1, fromMs: 0, toMs: 5_000 }, events: [] }),
      'remote.searchRecording': () => ({ hits: [{ at: 4_000, terminal: 1, line: 'camera healthy' }], more: false }),
    })
    await untilPasses(() => expect(find('playback-search')).not.toBeNull())
    await page.find('[data-testid=playback-search] input').setValue('camera')
    await untilPasses(() => expect(all('playback-hit').map((one) => one.textContent)).toEqual([expect.stringContaining('camera healthy')]))
    find('playback-hit')?.click()
    await untilPasses(() => expect(find('playback')?.dataset['position']).toBe('4000'))
  })
})
