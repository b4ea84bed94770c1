import { describe, expect, it } from 'vitest'
import type { Timeline } from '../../contract/views.ts'
import { stripOf } from './strip.ts'

const day: Timeline = {
  from: 0,
  to: 100,
  signals: {
    'peripherals.camera': [
      { from: 0, to: 40, value: 'healthy' },
      { from: 40, to: 100, value: 'unhealthy' },
    ],
  },
  contact: [
    { from: 0, to: 30, connected: true },
    { from: 30, to: 60, connected: false },
    { from: 60, to: 100, connected: true },
  ],
}

describe('a strip', () => {
  it('claims nothing of the time without contact', () => {
    expect(stripOf(day, 'peripherals.camera')).toEqual([
      { from: 0, to: 30, value: 'healthy' },
      { from: 60, to: 100, value: 'unhealthy' },
      { from: 30, to: 60, value: 'disconnected' },
    ])
  })

  it('shows contact itself for the agent', () => {
    expect(stripOf(day, 'connectivity.agent').map(({ value }) => value)).toEqual(['healthy', 'unhealthy', 'healthy'])
  })

  it('is a gap where a signal was never reported', () => {
    expect(stripOf(day, 'audio.speaker')).toEqual([{ from: 30, to: 60, value: 'disconnected' }])
  })
})
