import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { out, tool } from './paths.ts'
import { buildElectron } from './renderer.ts'
import { run } from './run.ts'

/** How Electron's binary marks the place of its fuses: this text, a version, their number, one character each. */
const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const fuseNames = [
  'runAsNode',
  'cookieEncryption',
  'nodeOptions',
  'nodeCliInspect',
  'asarIntegrity',
  'onlyAsar',
  'v8Snapshot',
  'fileProtocol',
  'wasmTrapHandlers',
]

let folder: string

/** Packs for Linux with a stand-in for the binary that has nothing but its fuses, as they are in a fresh Electron. */
function pack(...more: string[]) {
  const dist = join(folder, 'dist')
  mkdirSync(dist, { recursive: true })
  const wire = Buffer.concat([
    Buffer.from(`#!/bin/sh\n${sentinel}`),
    Buffer.from([1, fuseNames.length]),
    Buffer.from('101100011'),
    Buffer.from('\n'),
  ])
  writeFileSync(join(dist, 'electron'), wire)
  chmodSync(join(dist, 'electron'), 0o755)
  writeFileSync(join(dist, 'version'), '45.4.1')
  const args = ['--config', 'electron-builder.yml', '--linux', '--dir', '--publish', 'never']
  const here = [`-c.electronDist=${dist}`, `-c.directories.output=${join(folder, 'packed')}`]
  return run(process.execPath, [tool('electron-builder', 'cli.js'), ...args, ...here, ...more])
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rk-package-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('[CON-5] the package', () => {
  it('holds the program and SQLite, nothing else, and has its fuses set', async () => {
    await buildElectron()
    const packed = await pack()
    expect(packed.code, packed.output).toBe(0)

    const resources = join(folder, 'packed', 'linux-unpacked', 'resources')
    const listed = await run(process.execPath, [tool('@electron', 'asar', 'bin', 'asar.js'), 'list', join(resources, 'app.asar')])
    const files = listed.output
      .trim()
      .split('\n')
      .map((file) => file.replaceAll('\\', '/'))
    for (const file of ['main/index.js', 'main/cache-worker.js', 'preload/index.cjs', 'renderer/index.html'])
      expect(files).toContain(`/out/electron/${file}`)
    const packages = new Set(files.flatMap((file) => /^\/node_modules\/((?:@[^/]+\/)?[^/]+)\/./u.exec(file)?.[1] ?? []))
    expect([...packages]).toEqual(['better-sqlite3'])
    const ofSqlite = files.filter((file) => file.startsWith('/node_modules/better-sqlite3/') && !/\/(lib|prebuilds)$|\/lib\//u.test(file))
    expect(ofSqlite.map((file) => file.replace('/node_modules/better-sqlite3/', '')).toSorted()).toEqual([
      'LICENSE',
      'package.json',
      'prebuilds/linux-x64.node',
    ])
    const ofOurs = files.filter((file) => file.startsWith('/out/electron/') && file.includes('.'))
    expect(ofOurs.filter((file) => !/\.(js|cjs|css|html|svg|woff2?)$/u.test(file))).toEqual([])
    const notice = readFileSync(join(folder, 'packed', 'linux-unpacked', 'THIRD-PARTY-NOTICES.txt'), 'utf8')
    for (const part of ['vue ', 'better-sqlite3-multiple-ciphers ', 'electron ', 'Permission is hereby granted'])
      expect(notice).toContain(part)
    const unpacked = readdirSync(join(resources, 'app.asar.unpacked', 'node_modules', 'better-sqlite3', 'prebuilds'))
    expect(unpacked).toEqual(['linux-x64.node'])
    expect(files.filter((file) => /^\/[^/]+$/u.test(file)).toSorted()).toEqual(['/node_modules', '/out', '/package.json'])
    expect(
      readFileSync(join(resources, 'app.asar.unpacked', 'node_modules', 'better-sqlite3', 'prebuilds', 'linux-x64.node')).byteLength,
    ).toBeGreaterThan(100_000)

    const binary = readFileSync(join(folder, 'packed', 'linux-unpacked', 'roomkeeper')).toString('latin1')
    const at = binary.indexOf(sentinel) + sentinel.length + 2
    const fuses = Object.fromEntries(fuseNames.map((name, index) => [name, binary[at + index] === '1']))
    expect(fuses).toMatchObject({
      runAsNode: false,
      cookieEncryption: true,
      nodeOptions: false,
      nodeCliInspect: false,
      asarIntegrity: true,
      onlyAsar: true,
      fileProtocol: false,
    })
  }, 240_000)

  it('is described in a file that electron-builder itself finds valid', async () => {
    const refused = await pack('-c.noSuchSetting=1')
    expect(refused.code).not.toBe(0)
    expect(refused.output).toContain('noSuchSetting')
  })

  it('has an icon for each system', () => {
    const icons = join(out, '..', 'build', 'icons')
    expect(readFileSync(join(icons, 'icon.ico')).readUInt16LE(4)).toBe(6)
    const icns = readFileSync(join(icons, 'icon.icns'))
    expect(icns.toString('latin1', 0, 4)).toBe('icns')
    expect(icns.readUInt32BE(4)).toBe(icns.byteLength)
    for (const size of [16, 32, 48, 64, 128, 256, 512, 1024]) {
      const picture = readFileSync(join(icons, `${size}x${size}.png`))
      expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([size, size])
    }
  })
})
