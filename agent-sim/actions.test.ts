import { describe, expect, it } from 'vitest'
import { ActionError, findRoom, nearest, resolveFault } from './actions.ts'

const rooms = ['Lyon 2.14 Saône', 'Lyon 2.41 Rhône', 'Montréal 3.01 Mont-Royal', 'London 1.05 Aldgate']
const fault = { room: 'Lyon 2.14 Saône', signal: 'peripherals.camera', value: 'unhealthy' }

describe('findRoom', () => {
  it.each(['Lyon 2.14 Saône', 'lyon 2.14 saone', ' LYON 2.14  SAÔNE '])('finds %j', (wanted) => {
    expect(findRoom(rooms, wanted)).toBe('Lyon 2.14 Saône')
  })
  it('names the nearest ones', () => {
    expect(() => findRoom(rooms, 'Lyon 2.14 Soane')).toThrow(/"Lyon 2\.14 Saône"/u)
    expect(() => findRoom(rooms, 'mont royal')).toThrow(/Nearest: "Montréal 3\.01 Mont-Royal"/u)
    expect(() => findRoom([], 'x')).toThrow(ActionError)
  })
})

describe('resolveFault', () => {
  it('takes what exists', () => {
    expect(resolveFault(rooms, { ...fault, detail: 'unplugged' })).toEqual({ do: 'signal', ...fault, detail: 'unplugged' })
    expect(resolveFault(rooms, { ...fault, value: 'notApplicable' }).value).toBe('notApplicable')
  })
  it('names the nearest signal, the allowed values, and what is derived', () => {
    expect(() => resolveFault(rooms, { ...fault, signal: 'camera' })).toThrow(/Nearest: peripherals\.camera/u)
    expect(() => resolveFault(rooms, { ...fault, value: 'broken' })).toThrow(/Allowed: healthy, unhealthy, unknown, notApplicable/u)
    expect(() => resolveFault(rooms, { ...fault, value: 'misconfigured' })).toThrow(/Allowed/u)
    expect(() => resolveFault(rooms, { ...fault, signal: 'connectivity.agent' })).toThrow(/derived by the service/u)
    expect(() => resolveFault(rooms, { ...fault, signal: 'toString' })).toThrow(ActionError)
  })
})

describe('nearest', () => {
  it('puts the nearest first', () => {
    expect(nearest(['flap', 'noise', 'unplug-camera'], 'flapp', 1)).toEqual(['flap'])
    expect(nearest(['flap', 'noise', 'unplug-camera'], 'camera', 1)).toEqual(['unplug-camera'])
  })
})
