import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { policyAnswers } from '../../fixtures/fake-policy.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { people } from '../../fixtures/world.ts'
import Incidents from './Incidents.vue'

const find = (id: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-testid="${id}"]`)
const names = (): (string | undefined)[] =>
  [...document.querySelectorAll('[data-testid=assign-person] > .cut:not(.aside)')].map((one) => one.textContent?.trim())
const press = (key: string): void =>
  void (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(640)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** The list of incidents, with the focus on its first row. */
async function open(answers: Parameters<typeof policyAnswers>[1] = {}) {
  const made = surroundings({ rooms: 40, answers: policyAnswers([], answers) })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/incidents/:incident?', name: 'incidents', component: Incidents }],
  })
  router.addRoute({ path: '/:other(.*)', component: { template: '<p />' } })
  await router.push('/incidents')
  const global = { ...made.global, plugins: made.global.plugins.map((plugin) => (plugin === made.router ? router : plugin)) }
  mount(Incidents, { global, attachTo: document.body })
  await untilPasses(() => expect(document.querySelectorAll('[role=grid] [role=row][tabindex]').length).toBeGreaterThan(1))
  press('j')
  const sent = () =>
    made.core.asked.flatMap(({ name, input }) => (name === 'commands.submitAll' || name === 'commands.submit' ? [input] : []))
  const asked = () => made.core.asked.flatMap(({ name, input }) => (name === 'incidents.owners' ? [input] : []))
  return { ...made, sent, asked }
}

function type(text: string): void {
  const field = find('assign-search')
  if (!(field instanceof HTMLInputElement)) throw new Error('There is no field.')
  field.value = text
  field.dispatchEvent(new Event('input'))
}

it('[INC-5] a colleague gets one by key, a part of the name and Enter', async () => {
  const { sent, asked } = await open()
  press('o')
  await untilPasses(() => expect(names().length).toBe(people.length))
  expect(asked()).toEqual([{ incidents: [expect.any(String)] }])
  type('okafor')
  await untilPasses(() => expect(names()).toEqual(['David Okafor']))
  find('assign-search')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
  const owner = people.find(({ name }) => name === 'David Okafor')?.id
  await untilPasses(() => expect(JSON.stringify(sent())).toContain(`"owner":"${owner}"`))
  expect(find('assign-menu')).toBeNull()
})

it.each([
  ['okafor', 'David Okafor'],
  ['', undefined],
])('[INC-5] Enter after "%s" before the people are there gives it to %s', async (typed, name) => {
  const answer = { items: people.map((person) => ({ ...person, email: '' })), knownAt: null }
  let come: ((people: typeof answer) => void) | undefined
  const { sent } = await open({ 'incidents.owners': () => new Promise<typeof answer>((resolve) => (come = resolve)) })
  press('o')
  await untilPasses(() => expect(find('assign-search')).not.toBeNull())
  if (typed !== '') type(typed)
  await flushPromises()
  find('assign-search')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
  await untilPasses(() => expect(come).toBeDefined())
  come?.(answer)
  const owner = people.find((one) => one.name === name)?.id
  if (owner === undefined) {
    await untilPasses(() => expect(names().length).toBe(people.length))
    expect(sent()).toEqual([])
  } else await untilPasses(() => expect(JSON.stringify(sent())).toContain(`"owner":"${owner}"`))
})

it('[INC-5] several marked ones are given at once, to who sees the rooms of all of them', async () => {
  const { sent, asked } = await open()
  press('x')
  press('j')
  press('x')
  await untilPasses(() => expect(find('bulk-assign')).not.toBeNull())
  press('o')
  await untilPasses(() => expect(names().length).toBe(people.length))
  expect(asked()).toEqual([{ incidents: [expect.any(String), expect.any(String)] }])
  find('assign-search')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
  await untilPasses(() => expect(JSON.stringify(sent()).match(/incident.assign/g)).toHaveLength(2))
})

it('[INC-5] says why it names nobody: nobody sees the room, none of that name, or offline', async () => {
  await open({ 'incidents.owners': () => ({ items: [], knownAt: null }) })
  press('o')
  await untilPasses(() => expect(find('assign-menu')?.textContent).toContain('Nobody who sees the room.'))
})

it('[INC-5] names nobody by an answer that comes when it asks about something else', async () => {
  const [one, other] = people.map((person) => ({ ...person, email: '' }))
  let late: (answer: { items: (typeof one & {})[]; knownAt: null }) => void = () => undefined
  const first = new Promise<{ items: (typeof one & {})[]; knownAt: null }>((resolve) => (late = resolve))
  let n = 0
  const { asked } = await open({ 'incidents.owners': () => (n++ === 0 ? first : { items: other ? [other] : [], knownAt: null }) })
  press('o')
  await untilPasses(() => expect(asked()).toHaveLength(1))
  find('assign-search')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
  await untilPasses(() => expect(find('assign-menu')).toBeNull())
  find('assign-other')?.click()
  await untilPasses(() => expect(names()).toEqual([other?.name]))
  late({ items: one ? [one] : [], knownAt: null })
  await flushPromises()
  expect(names()).toEqual([other?.name])
})

it('[INC-5, CON-3] offline it names whom the service named before, and from when that is', async () => {
  const [one] = people
  if (!one) throw new Error('There is nobody.')
  await open({ 'incidents.owners': () => ({ items: [{ ...one, email: '' }], knownAt: Date.now() }) })
  press('o')
  await untilPasses(() => expect(find('assign-known')?.textContent).toContain('The service decides.'))
  expect(names()).toEqual([one.name])
})

it('[CON-3] offline with nobody known it says so', async () => {
  await open({
    'incidents.owners': () => {
      throw new RoomkeeperError('network.offline')
    },
  })
  press('o')
  await untilPasses(() => expect(find('assign-menu')?.textContent).toContain('Nobody is known offline yet.'))
})

it.each([
  ['a', 'acknowledge-note'],
  ['c', 'comment-field'],
  ['o', 'assign-search'],
])('[CON-4] what is typed after %s goes into its field, though the incident has to be read first', async (key, id) => {
  const { sent } = await open()
  for (const one of [key, 'm', 'x', 'Backspace', 'o']) press(one)
  const field = await untilPasses(() => find(id) ?? expect.fail('no field'))
  await untilPasses(() => expect(document.activeElement).toBe(field))
  expect(field).toMatchObject({ value: 'mo' })
  expect(sent()).toEqual([])
})

it.each([{}, { ctrlKey: true }, { metaKey: true }])('[CON-4] a note is sent by Enter with %j', async (held) => {
  const { sent } = await open()
  press('a')
  await untilPasses(() => expect(document.activeElement).toBe(find('acknowledge-note') ?? expect.fail('no field')))
  find('acknowledge-note')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, ...held }))
  await untilPasses(() => expect(JSON.stringify(sent())).toContain('incident.acknowledge'))
  expect(sent()).toHaveLength(1)
})
