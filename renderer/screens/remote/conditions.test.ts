import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { Room } from '../../../contract/entities.ts'
import { AssignmentId, RoleId } from '../../../contract/ids.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import type { RoomView } from '../../../contract/views.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import { makeRoom, uuid } from '../../fixtures/world.ts'
import { conditions, missing } from './conditions.ts'
import RemoteStart from './RemoteStart.vue'

const made = makeRoom(1, Date.UTC(2026, 10, 2))
const room: RoomView & Pick<Room, 'device'> = {
  ...made,
  lifecycle: 'enrolled',
  licence: 'pro',
  connected: true,
  inCall: false,
  device: { ...made.device, remote: { displays: ['console'], terminal: false, restart: false } },
}

const { remote: _offered, ...screenless } = room.device

describe('[REM-3] without the service', () => {
  it('nothing is promised of them, and no session can be asked for', async () => {
    const { global } = surroundings({
      rooms: 2,
      sync: 'offline',
      grants: [
        { assignment: AssignmentId.parse(uuid(18, 1)), role: RoleId.parse('custom'), permissions: ['remoteAccess.modify'], scope: 'all' },
      ],
    })
    const start = mount(RemoteStart, { props: { room }, global })
    await untilPasses(() => expect(start.find('[data-testid=remote-conditions-old]').text()).toContain('As it was 4 min ago'))
    expect(start.findAll('[data-holds]')).toEqual([])
    expect(start.find('[data-testid=remote-start-modify]').attributes('disabled')).toBeDefined()
  })
})

describe('what has to hold for a session', () => {
  it('holds for a room like any other', () => {
    expect(missing(room, true)).toEqual([])
  })

  it('is named where it does not', () => {
    expect(missing(room, false)).toEqual(['allowed'])
    expect(missing({ ...room, lifecycle: 'onboarding' }, true)).toEqual(['enrolled'])
    expect(missing({ ...room, licence: 'basic' }, true)).toEqual(['licence'])
    expect(missing({ ...room, device: screenless }, true)).toEqual(['supported'])
    expect(missing({ ...room, connected: false }, true)).toEqual(['connected'])
    expect(missing({ ...room, inCall: true }, true)).toEqual(['noCall'])
  })

  it('is all of it where nothing holds, in the order in which the service looks', () => {
    expect(missing({ lifecycle: 'onboarding', licence: 'basic', device: screenless, connected: false, inCall: true }, false)).toEqual([
      ...conditions,
    ])
  })
})
