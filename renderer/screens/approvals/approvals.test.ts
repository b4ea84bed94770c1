import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { changeKindOf, commandTypes } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { CommandKey } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { makeRequest, partnerAnswers, partnerSession, requestId, tenantId } from '../../fixtures/fake-partners.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { roomId } from '../../fixtures/world.ts'
import { createWords } from '../../words/i18n.ts'
import OutboxPanel from '../shell/OutboxPanel.vue'
import Approvals from './Approvals.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)

describe('Settings → Approvals', () => {
  it('shows who asks for what, and sends the decision with its note', async () => {
    const { core, global } = surroundings({ rooms: 6, answers: partnerAnswers() })
    mount(Approvals, { global, attachTo: document.body })
    await untilPasses(() => expect(find('request')?.textContent).toContain('Move 2 rooms to the update ring Executive'))
    expect(find('request')?.textContent).toContain('Kim Abara of Fabrikam')
    expect(find('request')?.textContent).toContain('Huddle 1.01')
    const note = find('request-note')
    if (!(note instanceof HTMLTextAreaElement)) throw new Error('There is no note.')
    note.value = 'Not in this week.'
    note.dispatchEvent(new Event('input'))
    find('request-reject')?.click()
    await untilPasses(() =>
      expect(core.asked.find(({ name }) => name === 'policy.apply')?.input).toEqual({
        tenant: tenantId(1),
        command: { type: 'request.decide', request: requestId(1), approve: false, note: 'Not in this week.' },
      }),
    )
  })

  it('keeps what was decided apart, and says why something failed', async () => {
    const rows = [makeRequest(1, { status: 'failed', code: 'room.notFound' }), makeRequest(2, { status: 'rejected', note: 'No.' })]
    const { global } = surroundings({ rooms: 6, answers: partnerAnswers({ 'requests.list': () => ({ rows }) }) })
    mount(Approvals, { global, attachTo: document.body })
    await untilPasses(() => expect(document.querySelectorAll('[data-testid=request-decided]')).toHaveLength(2))
    expect(find('request')).toBeNull()
    expect(document.body.textContent).toContain('no longer exists within the rooms')
    expect(document.body.textContent).toContain('Your note: No.')
  })

  it('takes one decision, also while the copy does not have it yet', async () => {
    const { core, global } = surroundings({ rooms: 6, answers: partnerAnswers() })
    mount(Approvals, { global, attachTo: document.body })
    await untilPasses(() => expect(find('request-approve')).not.toBeNull())
    find('request-approve')?.click()
    await untilPasses(() => expect(core.asked.filter(({ name }) => name === 'requests.list')).toHaveLength(2))
    expect([find('request-approve'), find('request-reject')].map((one) => one?.hasAttribute('disabled'))).toEqual([true, true])
  })

  it('[ACC-7] says of a request for roles why it can no longer be done', async () => {
    const rows = [makeRequest(1, { kind: 'roles', command: 'role.delete', text: 'Night shift' })]
    const nobody = { people: 0, rooms: 0 }
    const effect = { gain: nobody, lose: nobody, people: [], changes: [], fails: { code: 'role.notFound' as const } }
    const answers = partnerAnswers({ 'requests.list': () => ({ rows }), 'policy.preview': () => effect })
    const { global } = surroundings({ rooms: 6, answers })
    mount(Approvals, { global, attachTo: document.body })
    await untilPasses(() => expect(find('effect-fails')?.textContent).toContain('This role no longer exists'))
    expect(find('effect-none')).toBeNull()
  })

  it('shows what a request for roles would change once the service is back', async () => {
    const rows = [makeRequest(1, { kind: 'roles', command: 'role.delete', text: 'Night shift' })]
    let reached = false
    const preview = () => {
      if (!reached) throw new RoomkeeperError('network.offline')
      return { gain: { people: 0, rooms: 0 }, lose: { people: 3, rooms: 41 }, people: [], changes: [] }
    }
    const { core, global } = surroundings({
      rooms: 6,
      sync: 'offline',
      answers: partnerAnswers({ 'requests.list': () => ({ rows }), 'policy.preview': preview }),
    })
    mount(Approvals, { global, attachTo: document.body })
    await untilPasses(() => expect(find('effect-problem')).not.toBeNull())
    reached = true
    core.set('sync', { state: 'live', syncedAt: Date.now() })
    await untilPasses(() => expect(find('effect-lose')?.textContent).toContain('3 people'))
  })

  it('cannot decide offline', async () => {
    const { global } = surroundings({ rooms: 6, sync: 'offline', answers: partnerAnswers() })
    mount(Approvals, { global, attachTo: document.body })
    await untilPasses(() => expect(find('request-approve')?.hasAttribute('disabled')).toBe(true))
  })

  it('has words for everything that a partner can ask for', () => {
    const words = createWords('en').global
    for (const type of commandTypes.filter((one) => changeKindOf[one] !== null))
      expect([type, words.te(`request.does.${type}`)]).toEqual([type, true])
  })
})

describe('the outbox of who asked', () => {
  const common = {
    command: { type: 'rooms.ring' as const, rooms: [roomId(1)], ring: 'Executive' },
    issuedAt: Date.now(),
    tries: 1,
    subject: 'Huddle 1.01',
  }

  it('says whose approval is waited for, and shows the note of a refusal', async () => {
    const { core, global } = surroundings({ rooms: 6, session: partnerSession('all'), answers: partnerAnswers() })
    core.outbox.push(
      { ...common, key: CommandKey.parse(requestId(1)), state: 'requested' },
      {
        ...common,
        key: CommandKey.parse(requestId(2)),
        state: 'refused',
        refusal: { code: 'request.rejected', detail: 'Not in this week.' },
      },
    )
    const panel = mount(OutboxPanel, { props: { open: false }, global, attachTo: document.body })
    await panel.setProps({ open: true })
    await untilPasses(() => expect(find('outbox-words')?.textContent).toContain('Waits for Contoso’s approval'))
    expect(find('outbox-note')?.textContent).toContain('Not in this week.')
  })
})
