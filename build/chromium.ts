import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { getPrograms, isRoot, onPath } from './packages.ts'
import { say, tool } from './paths.ts'
import { run } from './run.ts'

/** How long Playwright's own download may take to begin, and to end. */
const beginMs = 20_000
const downloadMs = 300_000

/** Chromium without a window: the same screens for two thirds of the processor's time. */
const shell = 'chromium-headless-shell'

const names = [shell, 'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge-stable']

const places: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [process.env['PROGRAMFILES'], process.env['PROGRAMFILES(X86)'], process.env['LOCALAPPDATA']]
    .filter((folder) => folder !== undefined)
    .flatMap((folder) => [
      join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
      join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
    ]),
}

/** What a test's Chromium is started with; as root it cannot have its own sandbox. */
export const chromiumFlags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  ...(isRoot ? ['--no-sandbox'] : []),
]

/** A Chromium of this machine: the one named by ROOMKEEPER_CHROMIUM, Playwright's, or an installed one. */
export function findChromium(): string | undefined {
  const named = process.env['ROOMKEEPER_CHROMIUM']
  if (named) return named
  const own = chromium.executablePath()
  if (existsSync(own)) return own
  for (const name of names) {
    const file = onPath(name)
    if (file) return file
  }
  return places[process.platform]?.find((file) => existsSync(file))
}

/**
 * Finds a Chromium, or gets one: by Playwright, else from the distribution's packages where this is root. Answers its
 * path, or why there is none.
 */
export async function getChromium(): Promise<{ path: string } | { missing: string }> {
  const found = findChromium()
  if (found) return { path: found }
  say('No Chromium on this machine; asking Playwright for one …')
  const download = await run(process.execPath, [tool('@playwright', 'test', 'cli.js'), 'install', 'chromium'], {
    begin: { sign: /\d%/, withinMs: beginMs },
    limitMs: downloadMs,
  })
  const own = findChromium()
  if (own) return { path: own }
  const why = `Playwright could not install one (${download.ended ?? `exit code ${download.code}`})`
  say(`${why}.`)
  let missing: string | undefined
  for (const name of [shell, 'chromium']) {
    missing = (await getPrograms({ [name]: name })).missing
    const installed = findChromium()
    if (installed) return { path: installed }
  }
  return { missing: `${why}, and ${missing ?? 'the packages have no program of that name'}` }
}
