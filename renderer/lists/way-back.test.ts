import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { untilPasses } from '../../contract/testing/wait.ts'
import { partnerAnswers, partnerSession, tenantId } from '../fixtures/fake-partners.ts'
import { surroundings } from '../fixtures/mounted.ts'
import { useConsole } from '../stores/console.ts'
import { useWayBack } from './way-back.ts'

it('[CON-4] the way back from a room leads to the list with its filters, and never to those of another organisation', async () => {
  const { core, global } = surroundings({ rooms: 6, session: partnerSession(tenantId(1)), answers: partnerAnswers() })
  let way: ReturnType<typeof useWayBack> | undefined
  mount({ setup: () => ((way = useWayBack()), () => null) }, { global })
  await untilPasses(() => expect(useConsole().entered).toBe(tenantId(1)))
  expect(way?.toRooms()).toBe('/rooms')
  way?.keep('/rooms?search=lab&states=unhealthy')
  expect(way?.toRooms()).toBe('/rooms?search=lab&states=unhealthy')
  core.set('session', partnerSession(tenantId(2)))
  await untilPasses(() => expect(useConsole().entered).toBe(tenantId(2)))
  expect(way?.toRooms()).toBe('/rooms')
  way?.keep('/rooms?sort=name')
  core.set('session', partnerSession(tenantId(1)))
  await untilPasses(() => expect(useConsole().entered).toBe(tenantId(1)))
  expect(way?.toRooms()).toBe('/rooms')
})
