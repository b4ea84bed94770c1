import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { BootId, DeviceId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { Boots } from './boots.ts'

const device = DeviceId.parse(v7())
const boot = (n: number) => BootId.parse(`boot-${n}`)
const at = 1_800_000_000_000

describe('[ROM-2] restarts of devices', () => {
  it('are told when another boot says hello, and never for the first one that is known', () => {
    const boots = new Boots()
    expect(boots.restarted(device, boot(1), at)).toBe(false)
    expect(boots.restarted(device, boot(1), at + 1)).toBe(false)
    expect(boots.restarted(device, boot(2), at + 2)).toBe(true)
    expect(boots.restarted(DeviceId.parse(v7()), boot(3), at + 3)).toBe(false)
  })

  it('are told by the next hello where the one that told could not be kept', () => {
    const boots = new Boots()
    boots.restarted(device, boot(1), at)
    expect(boots.restarted(device, boot(2), at + 1)).toBe(true)
    boots.unsaid(device)
    expect(boots.restarted(device, boot(2), at + 2)).toBe(true)
    expect(boots.restarted(device, boot(2), at + 3)).toBe(false)
  })

  it('fill no history: two machines of one identity that take turns are told once in a while', () => {
    const boots = new Boots()
    let told = 0
    for (let turn = 0; turn < 200; turn++) if (boots.restarted(device, boot(turn % 2), at + turn * 1_000)) told++
    expect(told).toBe(Math.ceil(200_000 / limits.restartSaidMs))
  })
})
