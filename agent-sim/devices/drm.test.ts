import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectedDisplays, nameInEdid } from './drm.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drm-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** An EDID whose second descriptor is a name. */
function edid(name: string): Buffer {
  const bytes = Buffer.alloc(128)
  bytes.set([0, 0, 0, 0xfc, 0], 72)
  bytes.write(`${name}\n`.padEnd(13, ' ').slice(0, 13), 77, 'latin1')
  return bytes
}

function connector(name: string, status: string, more: { edid?: Buffer; modes?: string } = {}): void {
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'status'), `${status}\n`)
  if (more.edid) writeFileSync(join(folder, name, 'edid'), more.edid)
  if (more.modes !== undefined) writeFileSync(join(folder, name, 'modes'), more.modes)
}

describe('[ENR-1] displays of a Linux machine where no X runs', () => {
  it('are those that are connected, by the name they give themselves and the best they can show', () => {
    mkdirSync(join(folder, 'card0'))
    connector('card0-HDMI-A-1', 'connected', { edid: edid('DELL U2723QE'), modes: '3840x2160\n1920x1080\n' })
    connector('card0-HDMI-A-2', 'disconnected', { edid: Buffer.alloc(0), modes: '' })
    connector('card1-eDP-1', 'connected', { edid: Buffer.alloc(0), modes: '1366x768i\n' })
    connector('card1-DP-1', 'connected')
    connector('card1-DP-2', 'unknown')
    expect(connectedDisplays(folder)).toEqual(['DELL U2723QE, 3840×2160', 'DP-1', 'eDP-1, 1366×768'])
  })

  it('are none where there is no graphics card', () => {
    expect(connectedDisplays(join(folder, 'nowhere'))).toEqual([])
  })

  it('are never named by what only looks like a name', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(60, 0xfc), Buffer.alloc(256, 0xff)]) expect(nameInEdid(bytes)).toBe('')
  })
})
