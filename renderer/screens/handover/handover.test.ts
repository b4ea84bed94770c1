import { mount } from '@vue/test-utils'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Handover } from '../../../contract/pictures.ts'
import { cases } from '../../../contract/testing/chance.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { IncidentView } from '../../../contract/views.ts'
import { appears, at, press } from '../../fixtures/by-test-id.ts'
import { FakeCore } from '../../fixtures/fake-core.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { people } from '../../fixtures/world.ts'
import Toasts from '../../parts/Toasts.vue'
import { createWords, type Language } from '../../words/i18n.ts'
import HandOver from './HandOver.vue'
import { handoverPage, type HandoverWords, markdownOf } from './page.ts'

const mounted: { unmount(): void }[] = []
afterEach(() => {
  for (const one of mounted.splice(0)) one.unmount()
  document.body.innerHTML = ''
  vi.restoreAllMocks()
})

/** Times as their hour and minute in UTC, so that what is written is the same on every machine. */
function wordsOf(language: Language): HandoverWords {
  const { t } = createWords(language).global
  return {
    t: (key, named = {}, plural) => (plural === undefined ? t(key, named) : t(key, named, plural)),
    number: String,
    moment: (at) => new Date(at).toISOString().slice(11, 16),
    span: (ms) => `${ms / 60_000} min`,
  }
}

const until = Date.UTC(2026, 10, 21, 14)
const minute = 60_000
const core = new FakeCore({ rooms: 60 })
const [room] = core.rooms
const [one] = core.incidents
const [person] = people
if (!room || !one || !person) throw new Error('the world is empty')
const incident: IncidentView = {
  ...one,
  number: 1_014,
  signal: 'peripherals.camera',
  roomName: 'Boardroom 4.12',
  place: { ...one.place, building: 'Confluence' },
  status: 'needAction',
  openedAt: until - 90 * minute,
  openings: 2,
  owner: person,
  acknowledged: { by: person, at: until, note: 'Spare on its way' },
  lastComment: { by: person, at: until, text: 'Front desk looks' },
}

function handover(changes: Partial<Handover> = {}): Handover {
  const none = { total: 0, rows: [] }
  return {
    from: until - 480 * minute,
    until,
    open: none,
    investigating: 0,
    flapping: none,
    opened: none,
    resolved: none,
    lost: none,
    pending: [],
    ...changes,
  }
}

const everything = handover({
  open: { total: 3, rows: [incident] },
  investigating: 4,
  flapping: { total: 1, rows: [incident] },
  opened: { total: 1, rows: [{ ...incident, status: 'resolved' }] },
  resolved: { total: 1, rows: [incident] },
  lost: { total: 1, rows: [{ ...room, name: 'Lab 1.03', place: incident.place, lastContactAt: until - 30 * minute }] },
})
const written = (language: Language, of = everything): string => markdownOf(handoverPage(of, wordsOf(language)))

describe('[INC-5] a hand-over as Markdown', () => {
  it('says in English what is open, whose, what was noted and said, and what happened', () => {
    expect(written('en')).toBe(`# Hand-over

From 06:00 to 14:00

## Needs action (3)

- **1014 Room camera · Boardroom 4.12, Confluence**
  - Since 12:30, opened 2 times
  - Owner: Amélie Laurent
  - Acknowledged by Amélie Laurent: Spare on its way
  - Amélie Laurent wrote: Front desk looks

and 2 more

## Comes and goes (1)

- **1014 Room camera · Boardroom 4.12, Confluence**
  - Opened 2 times

## Opened in the shift (1)

- **1014 Room camera · Boardroom 4.12, Confluence**
  - Resolved by now

## Resolved in the shift (1)

- **1014 Room camera · Boardroom 4.12, Confluence**
  - Bad again by now

## Out of contact for longest (1)

- **Lab 1.03, Confluence**
  - No sign of life for 30 min, since 13:30

## Not sent yet, mine (0)

The service has confirmed everything.
`)
  })

  it('[CON-4] says the same in French', () => {
    const text = written('fr')
    expect(text).toContain('## À traiter (3)')
    expect(text).toContain('  - Responsable\u00a0: Amélie Laurent')
    expect(text).toContain('  - Pris en charge par Amélie Laurent')
    expect(text).toContain('Le service a tout confirmé.')
    expect(text.match(/^## /gmu)).toHaveLength(6)
  })

  it('lets nothing that somebody wrote become anything else, or leave its line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const note = { by: person, at: until, note: text || 'x' }
        const open = { total: 1, rows: [{ ...incident, acknowledged: note, roomName: text, lastComment: { by: person, at: until, text } }] }
        const lines = written('en', handover({ open })).split('\n')
        expect(lines).toHaveLength(written('en', handover({ open: { total: 1, rows: [incident] } })).split('\n').length)
        // Each sign that means something has its backslash.
        for (const line of lines.filter((one_) => one_.startsWith('  - '))) expect(line.slice(4)).not.toMatch(/(?<!\\)(?:\\\\)*[`*_<[#|]/u)
      }),
      { numRuns: cases(300), examples: [['[x](https://evil.example) **b** <img> @all\n# no']] },
    )
  })
})

describe('[INC-5] the hand-over page', () => {
  it('is copied with one key, and reads another stretch when that is chosen', async () => {
    const write = vi.fn(() => Promise.resolve())
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(write)
    const made = surroundings({ rooms: 60 })
    mounted.push(mount(HandOver, { attachTo: document.body, global: made.global }))
    await appears('handover-open')
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'c' }))
    await untilPasses(() => expect(write).toHaveBeenCalledWith(expect.stringMatching(/^# Hand-over\n/u)))
    await made.router.push('/handover?hours=24')
    await untilPasses(() => expect(made.core.asked.filter(({ name }) => name === 'handover.read').at(-1)?.input).toEqual({ hours: 24 }))
    await made.router.push('/handover?hours=7000')
    await untilPasses(() => expect(made.core.asked.filter(({ name }) => name === 'handover.read').at(-1)?.input).toEqual({ hours: 8 }))
  })

  it('says where the clipboard takes nothing', async () => {
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('refused'))
    const made = surroundings({ rooms: 60 })
    mounted.push(
      mount({ components: { HandOver, Toasts }, template: '<HandOver /><Toasts />' }, { attachTo: document.body, global: made.global }),
    )
    await appears('handover-open')
    await press('handover-copy')
    await untilPasses(() => expect(document.body.innerText).toContain('It was not copied.'))
    expect(at('handover-copy')?.innerText).toContain('Copy as Markdown')
  })
})
