import { describe, expect, it } from 'vitest'
import type { RoomView } from '../../../contract/views.ts'
import { makeRoom } from '../../fixtures/world.ts'
import { conditions, missing } from './conditions.ts'

const made = makeRoom(1, Date.UTC(2026, 10, 2))
const room: RoomView = { ...made, lifecycle: 'enrolled', licence: 'pro', connected: true, inCall: false, device: { ...made.device, remote: { displays: ['console'], terminal: false, restart: false } } }

const { remote: _offered, ...screenless } = room.device

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
    expect(missing({ lifecycle: 'onboarding', licence: 'basic', device: screenless, connected: false, inCall: true }, false)).toEqual([...conditions])
  })
})
