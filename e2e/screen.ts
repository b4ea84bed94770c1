import { join } from 'node:path'
import { _electron, expect, type Page } from '@playwright/test'
import { z } from 'zod'
import { type Part, startPart } from '../build/part.ts'
import { out } from '../build/paths.ts'
import { programs } from '../contract/testing/programs.ts'

/** The Electron program to test, where the run is about that one (`npm run test:electron`). */
export const electronPath = process.env['ROOMKEEPER_ELECTRON']

/** A console that runs, in whichever host: how a test gets to its screen. */
export interface Screen {
  /** The console's screen: this tab, with the console's link opened in it, or Electron's own window. */
  open(tab: Page): Promise<Page>
  /** Where the issuer's page is, once signing in has begun: in this tab. */
  issuer(tab: Page): Promise<Page>
}

export interface RunningConsole extends Screen {
  /** The port of the browser host; the next start takes the same. */
  port: number
  stop(): Promise<void>
  kill(): Promise<void>
}

export interface ConsoleOptions {
  service: string
  data: string
  port: number
  log: string
}

/** A console in the browser, at this link. */
export function inTab(link: string): Screen {
  return {
    // As in a new tab: a link that differs from the last one only in its fragment loads nothing.
    open: async (tab) => {
      await tab.goto('about:blank')
      await tab.goto(link)
      return tab
    },
    issuer: (tab) => Promise.resolve(tab),
  }
}

const Ready = z.object({ ready: z.literal(true), console: z.url() })

async function startBrowserHost({ service, data, port, log }: ConsoleOptions): Promise<RunningConsole> {
  const part: Part<z.infer<typeof Ready>> = await startPart({
    name: 'console',
    args: [programs.console, '--service', service, '--data', data, '--port', String(port)],
    ready: Ready,
    log,
  })
  const link = part.ready.console
  return { ...inTab(link), port: Number(new URL(link).port), stop: part.stop, kill: part.kill }
}

declare global {
  var roomkeeperOpened: string | undefined
}

async function startElectron(executablePath: string, { service, data }: ConsoleOptions): Promise<RunningConsole> {
  const main = join(out, 'electron', 'main', 'index.js')
  const app = await _electron.launch({
    executablePath,
    args: [main, '--service', service, '--data', data, `--user-data-dir=${join(data, 'electron')}`],
  })
  // What the program would open in the person's own browser, the test opens in its tab.
  await app.evaluate(({ shell }) => {
    shell.openExternal = (url) => {
      globalThis.roomkeeperOpened = url
      return Promise.resolve()
    }
  })
  return {
    port: 0,
    open: () => app.firstWindow(),
    issuer: async (tab) => {
      await expect.poll(() => app.evaluate(() => globalThis.roomkeeperOpened)).toBeTruthy()
      await tab.goto((await app.evaluate(() => globalThis.roomkeeperOpened)) ?? '')
      return tab
    },
    stop: () => app.close(),
    kill: async () => {
      const ended = new Promise((resolve) => app.process().once('exit', resolve))
      app.process().kill('SIGKILL')
      await ended
    },
  }
}

/** Starts a console on one data folder: Electron's where the run is about that, else the browser host. */
export const startConsole = (options: ConsoleOptions): Promise<RunningConsole> =>
  electronPath === undefined ? startBrowserHost(options) : startElectron(electronPath, options)
